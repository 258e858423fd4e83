package vantage

import (
	"fmt"
	"net/netip"
	"strings"
)

// Family is an address family.
type Family string

// The families.
const (
	IPv4 Family = "IPv4"
	IPv6 Family = "IPv6"
)

func familyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// families are those of the target's addresses, in their order.
func families(t Target) []Family {
	var out []Family
	for _, a := range t.IPs {
		out = append(out, familyOf(a))
	}
	return out
}

func (f Family) other() Family {
	if f == IPv4 {
		return IPv6
	}
	return IPv4
}

func (f Family) loopback() netip.Addr {
	if f == IPv4 {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

func (f Family) of(r Row) bool { return r.Family() == f }

// Family is that of the row's address, or "" where the kubelet chooses it.
func (r Row) Family() Family {
	if !r.Address.Addr().IsValid() {
		return ""
	}
	return familyOf(r.Address.Addr())
}

// Where is the row's address in words.
func (r Row) Where() string {
	if !r.Address.Addr().IsValid() {
		return fmt.Sprintf("localhost:%d", r.Address.Port())
	}
	return r.Address.String()
}

func (t *Table) addrPort(a netip.Addr) netip.AddrPort {
	return netip.AddrPortFrom(a, t.Target.Port)
}

func joined(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}
