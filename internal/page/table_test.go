package page

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// likeness is how many cells of two rows match, counted for all of them.
func likeness(b *bindings, t table, shown, found row, columns []int) (n int) {
	for i, column := range columns {
		m, ok := b.match(shown.at(i).text, found.at(column).text, t.titles[i])
		switch {
		case ok && i == 0 && m.why == "":
			n += 3
		case ok && i == 0:
			n += 2
		case ok && m.why == "":
			n++
		}
	}
	if isOfDefaultNamespace(shown) && shown.at(0).text != found.at(max(0, columns[0])).text {
		return 0
	}
	return n
}

// TestPairsAreTheMostAlike: the rows are paired as if each were compared with each.
func TestPairsAreTheMostAlike(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same numbers each time
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	rows := func() table {
		lines := []line{{text: "NAME   STATUS   IP   AGE"}}
		for range random.IntN(9) {
			lines = append(lines, line{text: one("a", "b", "web", "web-7fb96c846b-6xrb2", "web-7fb96c846b-dq2vb", "api-6d4cf56db6-kt7wc", "kubernetes", "<none>", "a...", clientPod) + "   " +
				one("Running", "Pending", "ClusterIP", "<none>") + "   " + one("10.0.0.1", "10.0.0.2", "<none>") + "   " + one("5s", "2m")})
		}
		return parseTable(lines)
	}
	for range 2000 {
		s := &shownOutput{command: &command{call: call{words: []string{"get", "pods"}}}, bindings: &bindings{found: map[string]string{"10.0.0.1": one("10.0.0.1", "10.0.0.2", "")}, patterns: map[[2]string]pattern{}}}
		shown, found := rows(), rows()
		columns := []int{min(0, random.IntN(5)-1), 1, 2, 3}
		pairs, _ := s.pairRows(shown, found, columns)
		want := make([]int, len(shown.rows))
		used := map[int]bool{}
		for i := range want {
			want[i] = -1
		}
		for least := len(columns) + 2; least > 0; least-- {
			for i, r := range shown.rows {
				for j, f := range found.rows {
					if want[i] < 0 && !used[j] && !isClient(f) && likeness(s.bindings, shown, r, f, columns) >= least {
						want[i], used[j] = j, true
					}
				}
			}
		}
		if !slices.Equal(pairs, want) {
			t.Fatalf("%v: %v and %v: expected the pairs %v, found %v", columns, shown.rows, found.rows, want, pairs)
		}
	}
}

// TestARowThatIsKnownComesFirst: a table may show a Pod again, below others that have been made since.
func TestARowThatIsKnownComesFirst(t *testing.T) {
	p := read(t, "page.md", "```console\n$ kubectl get pods\nNAME         READY\nrcex-qrv8j   1/1\n$ kubectl get pods\nNAME         READY\nrcex-1rh9r   1/1\nrcex-qrv8j   1/1\n```\n")
	found, _ := findings(p, outputsOf{"2": {Stdout: "NAME         READY\nrcex-94ht7   1/1\n"}, "5": {Stdout: "NAME         READY\nrcex-94ht7   1/1\nrcex-kpcbd   1/1\n"}})
	if len(found) > 0 {
		t.Errorf("expected no finding, found %q", found)
	}
}
