package report

import (
	"encoding/base64"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// removed takes the place of a credential.
const removed = "[credential removed]"

// gap stands for it while the forms are looked for: one rune, as of a word, so that a credential
// is found as a whole of which a part was removed. Unicode has it for internal use.
const gap = "\uFDD0"

// form is how a kind of credential looks, wherever it comes from. The group
// "secret" of the pattern is removed.
type form struct {
	name string
	// hints are texts in lower case of which each credential holds one: looking for
	// them is much faster than for the pattern.
	hints   string
	pattern *regexp.Regexp
	// is distinguishes a credential from a text that only looks like one; nil: all are.
	is func(secret string) bool
}

// forms are the credentials that no report may hold. A text that is a credential
// only by what it is used for, such as a password, has none.
var forms = []form{
	// RFC 7519 and 7516: a JSON object always begins with eyJ in base64.
	{"JSON Web Token", "eyj", regexp.MustCompile(`\b(?P<secret>eyJ[\w-]{8,}\.[\w-]+\.[\w-]*(?:\.[\w-]*){0,2})`), nil},
	// RFC 7468; to the end of the text where the end of the block is missing.
	{"PEM block", "-----begin ", regexp.MustCompile(`(?P<secret>-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$))`), nil},
	{"Bearer token", "bearer", regexp.MustCompile(`(?i)\bbearer[ \t]+(?P<secret>[\w.~+/-]{8,}=*)`), isToken},
	{"Basic authentication", "basic", regexp.MustCompile(`(?i)\bbasic[ \t]+(?P<secret>[\w+/-]{4,}={0,2})`), isUserAndPassword},
	{"other authorization", "authorization", regexp.MustCompile(`(?i)\bauthorization["']?[ \t]*[:=][ \t]*["']?(?:token|negotiate|digest|apikey|aws4-hmac-sha256)[ \t]+(?P<secret>[^\r\n"']+)`), nil},
	{"password for curl", "curl", regexp.MustCompile(`\bcurl\b[^\n|;]*? (?:-u|--user)[ =]?['"]?[^\s:'"]+:(?P<secret>[^\s'"]+)`), nil},
	{"password in a URL", "://", regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:"'<>\\]*:(?P<secret>[^\s/?#"'<>\\]+)@`), nil},
	{"GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_", regexp.MustCompile(`\b(?P<secret>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})`), nil},
	{"GitLab token", "gl", regexp.MustCompile(`\b(?P<secret>gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[\w-]{20,})`), nil},
	{"Slack token", "xox|xapp-", regexp.MustCompile(`\b(?P<secret>xox[a-z]-[\w-]{10,}|xapp-\d-[\w-]{10,})`), nil},
	{"Slack webhook", "hooks.slack.com/", regexp.MustCompile(`\bhooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/-]{20,})`), nil},
	{"Google API key", "aiza", regexp.MustCompile(`\b(?P<secret>AIza[\w-]{35})`), nil},
	{"Google OAuth", "ya29.|gocspx-", regexp.MustCompile(`\b(?P<secret>ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,})`), nil},
	{"AWS secret beside its key", "akia|asia", regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}["']?[\s,:;]+["']?(?P<secret>[A-Za-z0-9/+]{40})\b`), nil},
	{"AWS secret by name", "secret|session", regexp.MustCompile(`(?i)(?:secret_?access_?key|aws_?session_?token)\\*["']?\s*[:=]\s*\\*["']?(?P<secret>[A-Za-z0-9/+]{40,}=*)`), nil},
	{"AWS access key", "akia|asia|abia|acca", regexp.MustCompile(`\b(?P<secret>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b`), nil},
}

// isToken distinguishes a token from a word, as in "Bearer authentication".
func isToken(s string) bool { return len(s) >= 20 || strings.ContainsAny(s, "0123456789") }

// isUserAndPassword: RFC 7617.
func isUserAndPassword(s string) bool {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return err == nil && utf8.Valid(text) && strings.Contains(string(text), ":")
}

// remove leaves a gap where something has the form.
func (f form) remove(s string) string {
	group := f.pattern.SubexpIndex("secret")
	var b strings.Builder
	end := 0
	for _, m := range f.pattern.FindAllStringSubmatchIndex(s, -1) {
		from, to := m[2*group], m[2*group+1]
		if f.is == nil || f.is(s[from:to]) {
			b.WriteString(s[end:from] + gap)
			end = to
		}
	}
	return b.String() + s[end:]
}

// Redact removes credentials from a text.
func Redact(s string) string {
	if secretKind.MatchString(s) {
		s = withoutYAMLData(withoutJSONData(s))
	}
	lower := strings.ToLower(s)
	s = strings.ReplaceAll(s, removed, gap)
	for _, f := range forms {
		if slices.ContainsFunc(strings.Split(f.hints, "|"), func(hint string) bool { return strings.Contains(lower, hint) }) {
			s = f.remove(s)
		}
	}
	return strings.ReplaceAll(s, gap, removed)
}

// Redacted returns a copy of a report of any kind in which no text holds a
// credential, be it of the cluster's, of the example's, or of the command line.
func Redacted[T runtime.Object](report T) T {
	report = report.DeepCopyObject().(T)
	known := strings.NewReplacer()
	if r, ok := runtime.Object(report).(*v1alpha1.Report); ok {
		known = withoutSecrets(r)
	}
	eachText(reflect.ValueOf(report), func(s string) string { return Redact(known.Replace(s)) })
	return report
}

// eachText replaces each text that a value holds. Lists of texts are lines.
func eachText(v reflect.Value, replace func(string) string) {
	if !v.CanInterface() {
		return // the fields of a time
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachText(v.Elem(), replace)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			eachText(field, replace)
		}
	case reflect.Slice:
		if lines, ok := reflect.TypeAssert[[]string](v); ok && len(lines) > 0 {
			v.Set(reflect.ValueOf(strings.Split(replace(strings.Join(lines, "\n")), "\n")))
			return
		}
		for i := range v.Len() {
			eachText(v.Index(i), replace)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if text, ok := reflect.TypeAssert[string](v.MapIndex(key)); ok {
				v.SetMapIndex(key, reflect.ValueOf(replace(text)))
			}
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(replace(v.String()))
		}
	default: // holds no text
	}
}
