package reach

import "net/netip"

// Family is an address family.
type Family uint8

// The families, in the order of the matrix.
const (
	IPv4 Family = iota
	IPv6

	families
)

func (f Family) String() string { return [families]string{"IPv4", "IPv6"}[f] }

// FamilyOf is the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

func (f Family) other() Family { return IPv6 - f }

func (f Family) loopback() netip.Addr {
	if f == IPv4 {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}
