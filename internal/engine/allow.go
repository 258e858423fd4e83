package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// allowed are the commands that an example may have, with their subcommand, what
// may follow them, and their flags. What is not here is refused.
var allowed = map[string]form{
	"annotate":                      {labelled, no, join(manifest, everywhere, prints, writes, plain("all field-selector list overwrite resource-version selector"))},
	"api-resources":                 {nothing, no, join(formatted, plain("api-group cached categories namespaced no-headers show-managed-fields sort-by verbs"))},
	"api-versions":                  {nothing, no, nil},
	"apply":                         {nothing, no, join(manifest, prints, writes, plain("overwrite selector timeout validate wait"))},
	"attach":                        {objects, no, plain("container pod-running-timeout quiet stdin tty")},
	"autoscale":                     {objects, no, join(manifest, prints, writes, plain("cpu cpu-percent max memory min name save-config"))},
	"create":                        {nothing, no, join(creates, manifest, plain("selector"))},
	"create clusterrole":            {name, no, join(creates, plain("aggregation-rule non-resource-url resource resource-name verb"))},
	"create clusterrolebinding":     {name, no, join(creates, plain("clusterrole group serviceaccount user"))},
	"create configmap":              {name, no, join(creates, plain("append-hash from-literal"))},
	"create cronjob":                {name, program, join(creates, plain("image restart schedule"))},
	"create deployment":             {name, program, join(creates, plain("image port replicas"))},
	"create ingress":                {name, no, join(creates, plain("annotation class default-backend rule"))},
	"create job":                    {name, program, join(creates, plain("from image"))},
	"create namespace":              {name, no, creates},
	"create poddisruptionbudget":    {name, no, join(creates, plain("max-unavailable min-available selector"))},
	"create priorityclass":          {name, no, join(creates, plain("description global-default preemption-policy value"))},
	"create quota":                  {name, no, join(creates, plain("hard scopes"))},
	"create role":                   {name, no, join(creates, plain("resource resource-name verb"))},
	"create rolebinding":            {name, no, join(creates, plain("clusterrole group role serviceaccount user"))},
	"create secret docker-registry": {name, no, join(creates, plain("append-hash docker-email docker-password docker-server docker-username"))},
	"create secret generic":         {name, no, join(creates, plain("append-hash from-literal type"))},
	"create service clusterip":      {name, no, join(creates, plain("clusterip tcp"))},
	"create service externalname":   {name, no, join(creates, plain("external-name tcp"))},
	"create service loadbalancer":   {name, no, join(creates, plain("tcp"))},
	"create service nodeport":       {name, no, join(creates, plain("node-port tcp"))},
	"create serviceaccount":         {name, no, creates},
	"delete": {objects, no, join(manifest, everywhere, formatted,
		plain("all cascade dry-run field-selector force grace-period ignore-not-found now selector timeout wait"))},
	"describe": {objects, no, join(manifest, everywhere, plain("chunk-size selector show-events"))},
	"events":   {nothing, no, join(everywhere, prints, watch, plain("chunk-size for no-headers types"))},
	"explain":  {objects, no, plain("api-version output recursive")},
	"exec":     {objects, program, plain("container pod-running-timeout quiet stdin tty")},
	"expose": {objects, no, join(manifest, prints, writes,
		plain("cluster-ip labels name override-type overrides port protocol save-config selector session-affinity target-port type"))},
	"get": {objects, no, join(manifest, everywhere, prints, watch, map[string]check{"raw": ownPath, "watch-only": endless},
		plain("chunk-size field-selector ignore-not-found label-columns no-headers output-watch-events selector server-print"),
		plain("show-kind show-labels sort-by subresource"))},
	"label": {labelled, no, join(manifest, everywhere, prints, writes, plain("all field-selector list overwrite resource-version selector"))},
	"logs": {objects, no, plain("all-containers all-pods container follow ignore-errors limit-bytes max-log-requests" +
		" pod-running-timeout prefix previous selector since since-time tail timestamps")},
	// What a patch makes of an object is vetted as a manifest is (see session). A --patch-file would be read.
	"patch":           {objects, no, join(manifest, prints, writes, plain("patch subresource type"))},
	"rollout history": {objects, no, join(manifest, prints, plain("revision selector"))},
	"rollout pause":   {objects, no, join(manifest, prints, plain("field-manager selector"))},
	"rollout restart": {objects, no, join(manifest, prints, plain("field-manager selector"))},
	"rollout resume":  {objects, no, join(manifest, prints, plain("field-manager selector"))},
	"rollout status":  {objects, no, join(manifest, plain("revision selector timeout watch"))},
	"rollout undo":    {objects, no, join(manifest, prints, plain("dry-run selector to-revision"))},
	"run": {name, program, join(prints, writes, plain("annotations attach cascade command env expose force grace-period image"),
		plain("image-pull-policy labels leave-stdin-open override-type overrides pod-running-timeout port privileged quiet"),
		plain("restart rm save-config stdin timeout tty wait"))},
	"scale":         {objects, no, join(manifest, prints, plain("all current-replicas dry-run replicas resource-version selector timeout"))},
	"set env":       {labelled, no, join(manifest, prints, writes, plain("all containers env from keys list overwrite prefix resolve selector"))},
	"set image":     {labelled, no, join(manifest, prints, writes, plain("all selector"))},
	"set resources": {labelled, no, join(manifest, prints, writes, plain("all containers limits requests selector"))},
	verbWait:        {objects, no, plain("all for selector timeout")},
}

// form is what a command may have.
type form struct {
	// args reports what is wrong with the words that are no flags, or "".
	args func(args []string) string
	// program: after -- come the words of a program in a container, which are free.
	program bool
	flags   map[string]check
}

const program, no = true, false

// check reports what a flag's value is to be, where it is not, or "".
type check func(value string, j judge) string

// The flags that several commands have.
var (
	manifest   = map[string]check{"filename": aManifest}
	everywhere = map[string]check{"all-namespaces": clusterWide}
	formatted  = map[string]check{"output": aFormat}
	watch      = map[string]check{"watch": endless}
	prints     = join(formatted, plain("allow-missing-template-keys show-managed-fields template"))
	writes     = plain("dry-run field-manager")
	creates    = join(prints, writes, plain("save-config validate"))
)

// plain are flags whose values mean nothing to this machine.
func plain(names string) map[string]check {
	flags := map[string]check{}
	for flag := range strings.FieldsSeq(names) {
		flags[flag] = func(string, judge) string { return "" }
	}
	return flags
}

func join(flags ...map[string]check) map[string]check {
	all := map[string]check{}
	for _, f := range flags {
		maps.Copy(all, f)
	}
	return all
}

func aManifest(value string, j judge) string {
	if _, ok := j.files[value]; ok {
		return ""
	}
	return "expected a manifest of the example"
}

// formats are those of -o that read no file.
var formats = []string{"custom-columns", "go-template", "json", "jsonpath", "jsonpath-as-json", "kyaml", "name", "template", "wide", "yaml"}

func aFormat(value string, _ judge) string {
	format, _, _ := strings.Cut(value, "=")
	if format == "" || slices.Contains(formats, format) {
		return ""
	}
	return "expected one of " + strings.Join(formats, ", ") + ", which read no file"
}

func endless(value string, _ judge) string {
	if value == "false" {
		return ""
	}
	return "the command would never end; expected a claim with `within`, which waits until it holds"
}

func clusterWide(_ string, j judge) string {
	if j.clusterScope {
		return ""
	}
	return "this leaves the run's namespace" + scopeHint
}

func ownPath(value string, j judge) string {
	if j.clusterScope {
		return ""
	}
	return session.PermitsPath(j.namespace, value)
}

func nothing(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return "expected flags only"
}

// name is the first argument; what follows one of kubectl run is the container's.
func name(args []string) string { return objects(args[:min(1, len(args))]) }

// objects are TYPE, NAME or TYPE/NAME.
func objects(args []string) string {
	for _, arg := range args {
		parts := strings.Split(arg, "/")
		if len(parts) > 2 || slices.ContainsFunc(parts, func(p string) bool { return len(content.IsPathSegmentName(p)) > 0 }) {
			return fmt.Sprintf("expected TYPE, NAME or TYPE/NAME, found %q", arg)
		}
	}
	return ""
}

// labelled are objects, and what to label them with, or what to set.
func labelled(args []string) string {
	return objects(withoutLabels(args))
}

// withoutLabels are the arguments of kubectl label, annotate and set that name objects.
func withoutLabels(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return strings.Contains(arg, "=") || strings.HasSuffix(arg, "-")
	})
}

// judge holds commands to what is allowed.
type judge struct {
	// files are the manifests of the example.
	files map[string][]byte
	// namespace is the run's.
	namespace    string
	clusterScope bool
}

// breach is what a command has that is not allowed.
type breach struct {
	// flag is its long name, or "".
	flag, text string
}

// breaches judges a command as kubectl understands it. What is not known yet is
// left to the run.
func (j judge) breaches(cmd *kubectl.Parsed) []breach {
	command := strings.Join(cmd.Path, " ")
	form, ok := allowed[command]
	if !ok {
		return []breach{{"", fmt.Sprintf("`kubectl %s` is not allowed in an example", command)}}
	}
	var found []breach
	for _, given := range cmd.Given {
		check, ok := form.flags[given.Name]
		switch {
		case !ok:
			found = append(found, breach{given.Name, fmt.Sprintf("`--%s` is not allowed with `kubectl %s` in an example; expected one of %s",
				given.Name, command, dashed(form.flags))})
		// What is in a file must be known beforehand.
		case given.Name == "filename" || !strings.Contains(given.Value, kubectl.Open):
			if text := check(given.Value, j); text != "" {
				found = append(found, breach{given.Name, fmt.Sprintf("`--%s %s`: %s", given.Name, strings.ReplaceAll(given.Value, unknownYet, "$(…)"), text)})
			}
		}
	}
	args := slices.DeleteFunc(slices.Clone(cmd.Args), func(arg string) bool { return strings.Contains(arg, kubectl.Open) })
	if text := form.args(args); text != "" {
		found = append(found, breach{"", fmt.Sprintf("kubectl %s: %s", command, text)})
	}
	if cmd.HasRest && !form.program {
		found = append(found, breach{"", fmt.Sprintf("kubectl %s: found --, after which no program can follow", command)})
	}
	return found
}

func dashed(flags map[string]check) string {
	return "--" + strings.Join(slices.Sorted(maps.Keys(flags)), ", --")
}
