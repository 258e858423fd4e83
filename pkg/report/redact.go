package report

import "regexp"

// credentials are texts that no report may hold, wherever they come from: a
// signed token (JWT, RFC 7519: a JSON object always begins with eyJ in base64),
// a PEM block (RFC 7468), and the token of an Authorization header.
var credentials = regexp.MustCompile(`eyJ[\w-]{8,}\.[\w-]+\.[\w-]*` +
	`|-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(-----END [A-Z0-9 ]+-----|$)` +
	`|\bBearer [\w.~+/-]{8,}=*`)

// Redact is redact, for texts that others put into a report.
func Redact(s string) string { return redact(s) }

// redact blanks out credentials in a text that a cluster sent.
func redact(s string) string { return credentials.ReplaceAllString(s, "[credential removed]") }

func redactAll(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = redact(l)
	}
	return out
}
