package parts

import (
	"embed"
	"io/fs"
	"path"
	"regexp"
)

//go:embed all:modules
var modules embed.FS

// module is the go.mod and go.sum of a tool module, and the main packages of its own that it has.
type module struct {
	name, mod, sum string
	mains          map[string]string // the text of main.go by the name of its folder
}

// readModule reads one of modules.
func readModule(name string) module {
	read := func(suffix string) string {
		text, err := modules.ReadFile("modules/" + name + suffix)
		if err != nil {
			panic(err) // it is embedded: a mistake of this package
		}
		return string(text)
	}
	return module{name, read(".mod"), read(".sum"), readMains(name)}
}

// readMains reads main packages, whose folder the go command does not take for a part of this module, by its name.
func readMains(name string) map[string]string {
	mains := map[string]string{}
	files, _ := fs.Glob(modules, "modules/_"+name+"/*/main.go") // a fixed pattern is never malformed
	for _, file := range files {
		text, err := modules.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded: a mistake of this package
		}
		mains[path.Base(path.Dir(file))] = string(text)
	}
	return mains
}

// main returns the package of one of the module's own mains.
func (m module) main(name string) string { return "kbe-cluster/parts/" + m.name + "/" + name }

// version returns the version that the module requires of another.
func (m module) version(path string) string {
	found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(m.mod)
	if found == nil {
		return "(unknown version)"
	}
	return found[1]
}
