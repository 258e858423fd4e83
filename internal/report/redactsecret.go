package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var (
	// secretKind reports that a text holds a Secret, as YAML or JSON, also within a
	// text of JSON, as the annotation of kubectl apply has it.
	secretKind = regexp.MustCompile(`(?m)^\s*(?:- )?kind:\s*["']?Secret(?:List)?["']?\s*$|\\*"kind\\*"\s*:\s*\\*"Secret(?:List)?\\*"`)

	jsonData  = regexp.MustCompile(`(\\*)"(?:data|stringData)\\*"\s*:\s*\{`)
	yamlData  = regexp.MustCompile(`^(\s*(?:- )?)(?:data|stringData):\s*(\{.*)?(?:#.*)?$`)
	yamlField = regexp.MustCompile(`^(\s*[^\s:]+:)`)
)

// withoutJSONData removes the values of data and stringData of all objects of a
// text: which of them is the Secret, a part of a text does not show.
func withoutJSONData(s string) string {
	var b strings.Builder
	for {
		m := jsonData.FindStringSubmatchIndex(s)
		if m == nil {
			return b.String() + s
		}
		b.WriteString(s[:m[1]])
		s = s[m[1]:]
		b.WriteString(maskValues(&s, m[3]-m[2]))
	}
}

// maskValues takes the rest of a JSON object off a text, up to its closing brace,
// and returns it without its values. Quotes have so many backslashes before them.
func maskValues(rest *string, escapes int) string {
	var b strings.Builder
	s, depth, inString, isValue, backslashes := *rest, 1, false, false, 0
	i := 0
	for ; i < len(s) && depth > 0; i++ {
		c := s[i]
		quote := c == '"' && backslashes%(2*(escapes+1)) == escapes
		if backslashes++; c != '\\' {
			backslashes = 0
		}
		switch {
		case quote && inString:
			if inString = false; isValue {
				b.WriteString(removed + strings.Repeat(`\`, escapes))
			}
			isValue = false
		case quote:
			inString = true
		case inString && isValue:
			continue
		case inString:
		case c == ':', c == ',':
			isValue = c == ':'
		case c == '{':
			depth++
			isValue = false
		case c == '}':
			depth--
		}
		b.WriteByte(c)
	}
	*rest = s[i:]
	return b.String()
}

// withoutYAMLData is withoutJSONData for YAML.
func withoutYAMLData(s string) string {
	var out []string
	indent, child := -1, -1 // of data, and of its fields
	for line := range strings.SplitSeq(s, "\n") {
		at := len(line) - len(strings.TrimLeft(line, " "))
		if indent >= 0 && strings.TrimSpace(line) != "" && at <= indent {
			indent = -1
		}
		if m := yamlData.FindStringSubmatch(line); m != nil && indent < 0 {
			if m[2] != "" && !strings.Contains(m[2], removed) { // of JSON they are removed already
				line = strings.TrimSuffix(line, m[2]) + removed
			}
			indent, child = len(m[1]), -1
		} else if indent >= 0 && strings.TrimSpace(line) != "" {
			if child < 0 {
				child = at
			}
			field := yamlField.FindString(line)
			if at > child || field == "" {
				continue // the rest of a value of several lines
			}
			line = field + " " + removed
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// withoutSecrets removes from the steps of a Report what only their commands show
// to be secret: the words that become the data of a Secret, and what a command
// prints that reads Secrets in a form of its own. It returns what replaces those
// words in all texts.
func withoutSecrets(r *v1alpha1.Report) *strings.Replacer {
	var known []string
	for i := range r.Scenarios {
		for j := range r.Scenarios[i].Steps {
			st := &r.Scenarios[i].Steps[j]
			known = append(known, literals(st)...)
			if printsSecrets(st.Command) {
				blankOutput(st)
			}
		}
	}
	return strings.NewReplacer(known...)
}

func blankOutput(st *v1alpha1.Step) {
	if st.Stdout != "" {
		st.Stdout = removed + "\n"
	}
	for i := range st.Claims {
		for j := range st.Claims[i].Mismatches {
			m := &st.Claims[i].Mismatches[j]
			m.Expected = ""
			for k := range m.Found {
				m.Found[k].Value = removed
			}
		}
	}
}

var (
	readsSecrets  = regexp.MustCompile(`^kubectl get (?:.* )?(?:\S*,)?secrets?(?:\.v1\.?)?(?:[,/ ]|$)`)
	formOfItsOwn  = regexp.MustCompile(` '?(?:-o|--output)[= ]?'?(?:json|yaml|kyaml|jsonpath|go-template|template|custom-columns)|--template`)
	wholeDocument = regexp.MustCompile(` (?:-o|--output)[= ]?(?:json|yaml|kyaml)(?: |$)`)
)

// printsSecrets reports whether a command prints parts of Secrets in a form by which
// they look like other texts.
func printsSecrets(command string) bool {
	return readsSecrets.MatchString(command) && formOfItsOwn.MatchString(command) && !wholeDocument.MatchString(command)
}

// leastKnown is how long a value must be to be removed wherever it stands: a short
// one, such as "true", is also part of other texts.
const leastKnown = 8

// literals returns the pairs, old and new, that remove from all texts the values
// that a `kubectl create secret` is given in its words.
func literals(st *v1alpha1.Step) (pairs []string) {
	texts := wordsOf(st)
	if len(texts) < 3 || !slices.Equal(texts[:3], []string{"kubectl", "create", "secret"}) {
		return nil
	}
	for i, text := range texts {
		flag, value, joined := strings.Cut(text, "=")
		if !joined && i+1 < len(texts) {
			value = texts[i+1]
		}
		name := flag + "="
		if !joined {
			name = ""
		}
		switch flag {
		case "--from-literal":
			key, secret, _ := strings.Cut(value, "=")
			name, value = name+key+"=", secret
		case "--docker-password":
			if !joined {
				name = "--docker-password "
			}
		default:
			continue
		}
		if value == "" {
			continue
		}
		pairs = append(pairs, name+value, name+removed)
		if len(value) >= leastKnown {
			pairs = append(pairs, value, removed)
		}
	}
	return pairs
}

// wordsOf are the words of the command that ran; none where none did.
func wordsOf(st *v1alpha1.Step) []string {
	command, err := example.ParseCommand(st.Command)
	if err != nil {
		return nil
	}
	texts, _ := command.Expand(func(expression string) (string, error) { return expression, nil })
	return texts
}
