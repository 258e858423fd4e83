package page

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// A page of a dual-stack cluster shows two addresses where a cluster with one IP family has one, and the other way round: both are
// true. Where one of two lists of addresses has both families and the other has one, they are not compared, but bound.

// ofFamily finds addresses, and the names of their families.
var ofFamily = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bIPv[46]\b|` + address) })

// familyOf is the IP family of an address or of a name, or 0.
func familyOf(value string) int {
	a, err := netip.ParseAddr(value)
	switch {
	case value == "IPv4" || err == nil && a.Is4():
		return 4
	case value == "IPv6" || err == nil:
		return 6
	}
	return 0
}

// formOf is a text around the one address, or name of a family, that it has; it reports false for any other text.
func formOf(text string) (form, value string, ok bool) {
	for _, at := range ofFamily().FindAllStringIndex(text, -1) {
		found := text[at[0]:at[1]]
		if strings.HasPrefix(found, ":") && !strings.HasPrefix(found, "::") { // which is that of a key before it
			found, at[0] = found[1:], at[0]+1
		}
		if inName(text, at[0]-1) || inName(text, at[1]) || familyOf(found) == 0 {
			continue
		}
		if ok {
			return "", "", false
		}
		form, value, ok = text[:at[0]]+"\x00"+text[at[1]:], found, true
	}
	return squeezed(form), value, ok
}

// differInFamilies reports whether only one of two lists has addresses of both families.
func differInFamilies(a, b []string) bool {
	isDual := func(values []string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return familyOf(v) != familyOf(values[0]) })
	}
	return len(a) > 0 && len(b) > 0 && isDual(a) != isDual(b)
}

// matchFamilies pairs two lists of addresses, of which one has both families. An address of a family that the cluster has not
// stands for the cluster's first one.
func (b *bindings) matchFamilies(shown, found []string) (m matched, ok bool) {
	if !differInFamilies(shown, found) {
		return matched{}, false
	}
	all := rules()
	rule := all[slices.IndexFunc(all, func(r *rule) bool { return r.name == "IP address" && len(r.in) == 0 })]
	for _, value := range shown {
		i := slices.IndexFunc(found, func(other string) bool { return familyOf(other) == familyOf(value) })
		other := found[max(0, i)]
		if known := b.found[value]; known != "" && known != other {
			return matched{}, false
		}
		if isAddress(value) {
			m.values = append(m.values, boundValue{rule: rule, shown: value, found: other})
		}
	}
	return m, true
}

// matchLists compares two texts that are lists of addresses.
func (b *bindings) matchLists(shown, found string) (m matched, ok bool) {
	if !hasIPv6(shown) && !hasIPv6(found) {
		return matched{}, false
	}
	listOf := func(text string) (form string, list []string) {
		for i, item := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t", r) }) {
			around, value, ok := formOf(strings.Trim(item, "[]"))
			if !ok || i > 0 && around != form {
				return "", nil
			}
			form, list = around, append(list, value)
		}
		return form, list
	}
	form, a := listOf(shown)
	other, c := listOf(found)
	if form != other {
		return matched{}, false
	}
	return b.matchFamilies(a, c)
}

// hasIPv6 reports whether a text may have an address or the name of a family that a cluster may lack.
func hasIPv6(text string) bool { return strings.Count(text, ":") > 1 || strings.Contains(text, "IPv") }

// families are the addresses in lines that have one, by the form of the line.
type families map[string][]string

func familiesIn(texts []string) families {
	all := families{}
	for _, text := range texts {
		if form, value, ok := formOf(text); ok {
			all[form] = append(all[form], value)
		}
	}
	return all
}

// like are the addresses in the lines that differ from a text in theirs alone.
func (f families) like(text string) []string {
	form, _, _ := formOf(text)
	return f[form]
}

// addressesOf are the items of a list of addresses, as podIPs, clusterIPs and ipFamilies are; none for another list.
func addressesOf(n *yaml.Node) (values []string) {
	for _, item := range n.Content {
		if item.Kind == yaml.MappingNode && len(item.Content) == 2 && item.Content[0].Value == "ip" {
			item = item.Content[1]
		}
		if familyOf(item.Value) == 0 {
			return nil
		}
		values = append(values, item.Value)
	}
	return values
}
