// Package english has kubectl's packages speak English: claims are made of what
// they print, and loading kubectl's translations, also those to English, takes
// as long as the rest of a start.
//
// It is imported for that alone. It imports nothing that would itself ask for a
// translation, and so is initialised before whatever does (see
// i18n.SetLoadTranslationsFunc).
package english

import "k8s.io/kubectl/pkg/util/i18n"

func init() {
	if err := i18n.SetLoadTranslationsFunc(func() error { return nil }); err != nil {
		panic(err) // a package that requests a translation came first
	}
}
