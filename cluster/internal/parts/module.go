package parts

import (
	"embed"
	"regexp"
)

//go:embed modules
var modules embed.FS

// module is the go.mod and go.sum of a tool module.
type module struct{ name, mod, sum string }

// readModule reads one of modules.
func readModule(name string) module {
	read := func(suffix string) string {
		text, err := modules.ReadFile("modules/" + name + suffix)
		if err != nil {
			panic(err) // it is embedded: a mistake of this package
		}
		return string(text)
	}
	return module{name, read(".mod"), read(".sum")}
}

// version returns the version that the module requires of another.
func (m module) version(path string) string {
	found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(m.mod)
	if found == nil {
		return "(unknown version)"
	}
	return found[1]
}
