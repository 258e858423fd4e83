package progress

import "fmt"

// Count says how many there are of something, as in 1 node, 3 nodes.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
