package page

import (
	"regexp"
	"slices"
	"strings"
)

// A page is written for the namespace default: what names it in a command is the run's namespace.

// clients are programs whose arguments are the names of hosts.
const clients = `(?:curl|dig|getent|host|nc|nslookup|ping|telnet|wget)`

var (
	networkClient = regexp.MustCompile(`^` + clients + `$`)
	// ofDefault is what names the namespace in any text: a DNS name, a path of the API, a service
	// account. Its group is the namespace.
	ofDefault = regexp.MustCompile(`\.(default)\.(?:svc|pod)\b|://[\w.-]*\.(default)(?:[:/\s"']|$)|\b` + clients + `\s[^|;&]*?[\w-]\.(default)(?:[:/\s"']|$)` +
		`|/namespaces/(default)(?:[/?]|$)|\bserviceaccounts?[:=](default)(?::|$)`)
	// hostOfDefault is a short DNS name as the whole word of a network client.
	hostOfDefault = regexp.MustCompile(`^[\w.-]*\.(default)(?:[:/]|$)`)
	// namespaceOfObject is a manifest up to the value of its namespace.
	namespaceOfObject = regexp.MustCompile(`(?m)^metadata:[ \t]*\n(?:(?:[ \t].*)?\n)*?([ \t]+namespace:[ \t]+["']?default["']?[ \t]*)$`)
)

// namesDefault finds where a word of a command first names the namespace; the end means nowhere. The
// service of the API server is in no other one.
func namesDefault(word string, isClient bool) span {
	all := ofDefault.FindAllStringSubmatchIndex(word, -1)
	if all == nil && isClient {
		all = hostOfDefault.FindAllStringSubmatchIndex(word, -1)
	}
	for _, groups := range all {
		i := 2 + slices.IndexFunc(groups[2:], func(at int) bool { return at >= 0 })
		if !strings.HasSuffix(word[:groups[i]], "kubernetes.") {
			return span{groups[i], groups[i+1]}
		}
	}
	return span{len(word), len(word)}
}

// withoutDefault are the words of a command without the flag that selects the namespace.
func withoutDefault(words []string) []string {
	if rest, values, _ := withoutFlag(words, "-n", "--namespace"); slices.Equal(values, []string{"default"}) {
		return rest
	}
	return words
}

// inRunNamespace is a manifest whose object is in the namespace that the command selects. Each line keeps
// its number.
func inRunNamespace(manifest string) string {
	if at := namespaceOfObject.FindStringSubmatchIndex(manifest); at != nil {
		return manifest[:at[2]] + manifest[at[3]:]
	}
	return manifest
}
