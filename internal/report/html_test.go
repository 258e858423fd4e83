package report

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// policy is the one that keeps a browser from loading anything.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

// Elements that load or run something, or change what addresses mean, and
// attributes that hold an address.
var (
	loading   = []string{"script", "link", "img", "image", "iframe", "frame", "object", "embed", "base", "form", "source", "track", "audio", "video", "svg", "math", "portal", "use"}
	addresses = []string{"src", "srcset", "action", "formaction", "data", "poster", "background", "ping", "cite", "manifest", "longdesc", "xlink:href", "srcdoc"}
	inStyle   = regexp.MustCompile(`(?i)url\s*\(|@import|image-set|expression\s*\(`)
)

// external returns what a page has that refers to elsewhere, or that runs.
func external(t *testing.T, page []byte) []string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	policies := 0
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data == "style" && inStyle.MatchString(n.Data) {
			found = append(found, "style: "+inStyle.FindString(n.Data))
		}
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains(loading, n.Data) {
			found = append(found, "<"+n.Data+">")
		}
		attributes := map[string]string{}
		for _, a := range n.Attr {
			name := strings.ToLower(a.Key)
			attributes[name] = a.Val
			switch {
			case strings.HasPrefix(name, "on"), slices.Contains(addresses, name),
				name == "href" && !strings.HasPrefix(a.Val, "#"),
				name == "style" && inStyle.MatchString(a.Val):
				found = append(found, "<"+n.Data+" "+a.Key+"="+a.Val+">")
			}
		}
		switch attributes["http-equiv"] {
		case "Content-Security-Policy":
			policies++
			if attributes["content"] != policy || n.Parent.Data != "head" {
				found = append(found, "the policy "+attributes["content"])
			}
		case "":
		default: // refresh and others
			found = append(found, "http-equiv="+attributes["http-equiv"])
		}
	}
	if policies != 1 {
		found = append(found, "no policy, or more than one")
	}
	return found
}

// A page asks for nothing and runs nothing, whatever texts are in it.
func TestAPageLoadsNothing(t *testing.T) {
	for name, r := range map[string]*v1alpha1.Report{"a run": collect(story()), "hostile text": hostile()} {
		if found := external(t, written(t, "html", r)); len(found) > 0 {
			t.Errorf("%s: expected nothing that refers to elsewhere or runs, found %s", name, strings.Join(found, ", "))
		}
	}
}

// What the test above looks for, it finds.
func TestWhatAPageMustNotHave(t *testing.T) {
	const clean = `<!DOCTYPE html><head><meta http-equiv="Content-Security-Policy" content="` + policy + `"></head>`
	if found := external(t, []byte(clean)); len(found) > 0 {
		t.Fatalf("found %v", found)
	}
	for _, bad := range []string{
		`<script>x</script>`, `<SCRIPT src=x>`, `<link rel=stylesheet href=x>`, `<img src=x>`, `<p onclick=x>`, `<p OnLoad=x>`,
		`<a href="https://example.com">`, `<a href="javascript:x">`, `<style>p{background:url(x)}</style>`, `<style>@import "x"</style>`,
		`<p style="background:URL (x)">`, `<meta http-equiv=refresh content="0;url=x">`, `<form>`, `<base href="#">`, `<svg/onload=x>`,
		`<meta http-equiv="Content-Security-Policy" content="default-src *">`, `<object data=x>`, `<iframe srcdoc=x>`,
	} {
		if found := external(t, []byte(clean+bad)); len(found) == 0 {
			t.Errorf("%s: expected that it is found", bad)
		}
	}
	if found := external(t, []byte("<p>")); len(found) != 1 {
		t.Errorf("expected that a missing policy is found, found %v", found)
	}
}

// TestHeadingsSkipNoLevel: screen readers list the headings of a page as an outline.
func TestHeadingsSkipNoLevel(t *testing.T) {
	headings := regexp.MustCompile(`<h([1-6])`)
	for _, name := range []string{"report.html", "reach.html", "vantages.html"} {
		page, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		last := "0"
		for _, h := range headings.FindAllSubmatch(page, -1) {
			if level := string(h[1]); level > last && level[0] != last[0]+1 {
				t.Errorf("%s: expected h%c at most after h%s, found h%s", name, last[0]+1, last, level)
			}
			last = string(h[1])
		}
		if last == "0" {
			t.Errorf("%s: expected headings, found none", name)
		}
	}
}

// TestTheStyleIsClosed: a brace that is missing hides all rules behind it from wide screens.
func TestTheStyleIsClosed(t *testing.T) {
	page := string(written(t, "html", &v1alpha1.Report{}))
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	depth := 0
	for line := range strings.Lines(style) {
		depth += strings.Count(line, "{") - strings.Count(line, "}")
		if strings.HasPrefix(line, "@media") && depth > 1 || depth < 0 {
			t.Fatalf("expected that rules are closed before %q", line)
		}
	}
	if depth != 0 {
		t.Errorf("expected as many braces closed as opened, found %d more", depth)
	}
}
