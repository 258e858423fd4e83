package report

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// texts are what commands may print.
var texts = []string{
	"", "\n", "sleep\n", "a.b", "a+b\n", "NAME  READY\nsise  1/1  Running  0  \n", "x sise 1/1\n", "net:[4026]", "Address ALREADY in use\n",
	"probe-x7k2p from 10.244.1.5", "10.244.1.5\n", "127.0.0.1", "::1", "fe80::1", "true", "7", "[x]^-y\\z", "it's \"quoted\" $(id) `id`\n", "ü\n",
}

// What bash finds true must be what CEL finds true, for every text.
func TestBashAndCELAgree(t *testing.T) {
	env, err := expect.NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{
		`stdout == "sleep\n"`, `stdout != ""`, `stdout == ""`, `!(stdout == "sleep\n")`,
		`stdout.contains("sise")`, `!stdout.contains("a") || stdout.startsWith("a.")`, `stdout.endsWith("\n")`, `stdout.contains("*")`,
		`stdout.split("\n")[0] == "7"`, `stdout.split("\n")[1] != steps.one.stdout`, `!(stdout.split("\n")[2] == "")`,
		`stdout.lowerAscii().contains("already in use")`, `stdout.contains("$(id)") && stdout.contains("'")`,
		`stdout.matches("(?m)^sise +1/1 +Running +0 ")`, `stdout.matches("^sise")`, `stdout.matches("5$")`, `stdout.matches("a\\.b|a\\+b")`,
		`stdout.matches("(?m)^probe-" + run.id + ".*10\\.244\\.[0-9]{1,3}")`, `stdout.matches("[[\\]^-]")`, `!stdout.matches("[^a-z\n]")`, `!stdout.matches("[^a-z]")`,
		`stdout.matches("\\d+\\.\\d+")`, `stdout.matches("(?:net|mnt):\\[\\w+\\]")`, `stdout.matches("\\bsise\\b")`, `stdout.matches("^\\S+$")`,
		`hostport(stdout, 9876) == "[::1]:9876"`, `hostport(stdout, 9876) == "127.0.0.1:9876"`,
		`ip(stdout).isLoopback()`, `!ip(stdout).isLoopback()`, `ip(stdout).family() == 4`, `stdout in ["true", "7"]`, `!(stdout in ["true"])`,
		`exitCode == 7 || (exitCode == 0 && stdout == "::1")`, `exitCode <= 7`, `!(exitCode > 6)`,
		`"probe-" + run.id + " from 10.244.1.5" == stdout`, `stdout == steps["one"].stdout`, `steps.one.exitCode == 3 && stdout != steps.one.stdout`,
		`run.namespace.endsWith(run.id)`, `images.shell == "centos:9"`,
	} {
		compiled, err := env.Condition(source)
		if err != nil {
			t.Fatal(err)
		}
		condition, err := newTranslator().condition(source)
		if errors.Is(err, errNotTranslated) {
			t.Logf("not translated: %s", source)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		tools, _, _ := strings.Cut(scriptTools, "\nstopped=0 ")
		fmt.Fprintf(&script, "exec 2>/dev/null; export LC_ALL=C\n%s\nrun_id=x7k2p namespace=kbe-pods-x7k2p image_shell=centos:9 exit_code=7 step_one_stdout=7 step_one_exitcode=3\n", tools)
		want := ""
		for _, text := range texts {
			fmt.Fprintf(&script, "stdout=%s\nif %s; then echo yes; else echo no; fi\n", bashQuote(text), condition)
			holds := compiled.Check(t.Context(), expect.Facts{
				Stdout: text, ExitCode: 7, Images: map[string]string{"shell": "centos:9"}, RunID: "x7k2p", Namespace: "kbe-pods-x7k2p",
				Steps: map[string]expect.Outcome{"one": {Stdout: "7", ExitCode: 3}},
			}).Holds
			want += map[bool]string{true: "yes\n", false: "no\n"}[holds]
		}
		if got := bash(t, script.String()); got != want {
			for i, g := range strings.Split(strings.TrimSpace(got), "\n") {
				if w := strings.Split(want, "\n")[i]; g != w {
					t.Errorf("%s\n  as  %s\n  on  %q: CEL says %s, bash %s", source, condition, texts[i], w, g)
				}
			}
		}
	}
}

func TestWhatBashCannotDecideIsNotTranslated(t *testing.T) {
	for _, source := range []string{
		`elapsed < duration("2s")`, `pod("a").status.podIP == ""`, `stdout.matches("(?i)x")`, `stdout.matches("a\nb")`,
		`stdout.matches("^a.b")`, `stdout.split(",").size() == 2`, `exitCode + 1 == 2`, `stdout < "b"`, `nonsense(`,
		`pods("a").map(p, p.metadata.name).size() == 1`, `stdout == 1.5`, `b"x" == b"x"`, `stdout.matches(stdout + "(")`,
	} {
		if got, err := newTranslator().condition(source); !errors.Is(err, errNotTranslated) {
			t.Errorf("%s: expected no translation, found %s, %v", source, got, err)
		}
	}
}

func TestObjectsAreReadBeforeTheyAreCompared(t *testing.T) {
	for source, want := range map[string]string{
		`json(stdout).host == hostport(pod("sise").status.podIP, 9876)`: `v1=$(value read_json "$stdout" .value.host) && v2=$(value read_pod sise .status.podIP) && v3=$(hostport "$v2" 9876) && [ "$v1" = "$v3" ]`,
		`json(stdout).host == pod("sise").status.podIP + ":9876"`:       `v1=$(value read_json "$stdout" .value.host) && v2=$(value read_pod sise .status.podIP) && [ "$v1" = "$v2":9876 ]`,
		`!has(pod("sise").metadata.ownerReferences)`:                    `absent read_pod sise .metadata.ownerReferences`,
		`!(pod("a").x == "1" && pod("b").x == "2")`:                     `{ { v1=$(value read_pod a .x) && ! [ "$v1" = 1 ]; } || { v2=$(value read_pod b .x) && ! [ "$v2" = 2 ]; }; }`,
		`pod("a").c.all(c, c.n == 1)`:                                   `n1=$(size read_pod a .c) && (for ((i1 = 0; i1 < n1; i1++)); do { v2=$(value read_pod a ".c[$i1].n") && [ "$v2" = 1 ]; } || exit 1; done)`,
		`pods("app=x")[0].metadata.labels["a.b/c"] == "d"`:              `v1=$(value read_pods app=x ".items[0].metadata.labels.a\\.b/c") && [ "$v1" = d ]`,
		`stdout.matches("^IP: +" + pod("a").ip + "$")`:                  `v1=$(value read_pod a .ip) && matches_whole "$stdout" '^IP: +'"$v1"'$'`,
	} {
		if got, err := newTranslator().condition(source); err != nil || got != want {
			t.Errorf("%s\n  expected %s\n  found    %s, %v", source, want, got, err)
		}
	}
}

func TestTheCatalogueIsTranslated(t *testing.T) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		for _, sc := range e.Spec.Scenarios {
			for _, st := range sc.Steps {
				for _, x := range st.Expect {
					if _, err := newTranslator().condition(x.That); err != nil {
						t.Errorf("%s: %s: %v", sc.Name, x.Claim, err)
					}
				}
			}
		}
	}
}

func TestPOSIXMatchesWhatRE2Matches(t *testing.T) {
	for _, re2 := range []string{
		`a|b`, `^a`, `a$`, `a.b`, `(?m)^sise +1/1`, `[[:alpha:]]+-`, `[^\n]`, `\[`, `x*`, `(ab)?c{2,3}`, `[\]x]`, `[\^]y`, `[-z]`, `[^-z]`, `\s`, `\W`, `a{0}`, `()`, `\x41`, `\$\(id\)`, `\\z`, `[\\]`,
	} {
		pattern, err := toERE(re2)
		if err != nil {
			t.Logf("not translated: %s", re2)
			continue
		}
		function := "matches"
		if pattern.whole {
			function = "matches_whole"
		}
		tools, _, _ := strings.Cut(scriptTools, "\nstopped=0 ")
		for _, text := range texts {
			want := regexp.MustCompile(re2).MatchString(text)
			got := bash(t, fmt.Sprintf("export LC_ALL=C\n%s\nif %s %s %s; then echo true; else echo false; fi", tools, function, bashQuote(text), bashQuote(pattern.pattern)))
			if same := strings.TrimSpace(got) == fmt.Sprint(want); !same && (!want || !pattern.stricter) {
				t.Errorf("%s as %s on %q: expected %t", re2, pattern.pattern, text, want)
			}
		}
	}
}
