package cli

import (
	"fmt"
	"strings"

	"github.com/MakeNowJust/heredoc"
)

// longDesc is the text of a help as it is written, without the source's indentation, and
// paragraphs after it. kubectl's templates.LongDesc joins lines, and begins paragraphs with a
// blank.
func longDesc(text string, paragraphs ...string) string {
	return strings.Join(append([]string{strings.TrimSpace(heredoc.Doc(text))}, paragraphs...), "\n\n")
}

// couldNotRun is what the exit code 3 of an example means.
const couldNotRun = "could not run: the cluster, a permission or an image is the cause"

// exitCodes lists the exit codes of a command that runs something, for its longDesc.
func exitCodes(passed, failed, other string) string {
	return fmt.Sprintf(`Exit codes:
  0         %s
  1         %s
  2         wrong command line
  3         %s
  130, 143  interrupted (Ctrl-C, SIGTERM), after cleanup
  141       nothing reads the output any more (such as "| head"), after cleanup`, passed, failed, other)
}

// lines breaks a text into lines of a longDesc.
func lines(text string) string { return fold(strings.Join(strings.Fields(text), " "), 80) }
