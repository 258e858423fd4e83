package podpatch

import (
	"cmp"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Resources are what a container requests, or is limited to, as quantities.
type Resources struct{ CPU, Memory string }

// Small requests are too little to be turned away by a busy node. Ample limits are enough for every
// container of the catalogue: Python needs 18 MiB.
var (
	Small = Resources{CPU: "1m", Memory: "24Mi"}
	Ample = Resources{CPU: "200m", Memory: "64Mi"}
)

// Sized are the fields of a Patch with requests and limits, as policies require them.
func (p Patch) Sized() Patch {
	p.Requests, p.Limits = Small, Ample
	return p
}

// Guaranteed are those with requests that are equal to the limits, which some policies require.
func (p Patch) Guaranteed() Patch {
	p.Requests, p.Limits = Ample, Ample
	return p
}

// What a quota or a LimitRange says of a Pod that it refuses (k8s.io/apiserver, pkg/admission/plugin/resourcequota,
// and k8s.io/kubernetes, plugin/pkg/admission/limitranger).
var (
	needsLimits   = regexp.MustCompile(`failed quota: .*must specify .*limits\.|max limit to request ratio per|No limit is specified`)
	needsRequests = regexp.MustCompile(`failed quota: .*must specify `)
	ratioExceeded = regexp.MustCompile(`max limit to request ratio per .*provided ratio`)
	bound         = regexp.MustCompile(`(minimum|maximum) (cpu|memory) usage per (?:Container|Pod) is (\S+?)[.,] `)
)

// Fit is the patch that a quota or a LimitRange requires which denied a Pod with p, or p itself.
func (p Patch) Fit(denied string) Patch {
	if needsLimits.MatchString(denied) && p.Limits == (Resources{}) {
		p = p.Sized()
	}
	if needsRequests.MatchString(denied) {
		p.Requests = cmp.Or(p.Requests, Small)
	}
	if ratioExceeded.MatchString(denied) {
		p.Requests = p.Limits
	}
	for _, m := range bound.FindAllStringSubmatch(denied, -1) {
		if m[1] == "minimum" && p.Requests == (Resources{}) {
			p.Requests = Small
		}
		for _, r := range []*Resources{&p.Requests, &p.Limits} {
			if *r != (Resources{}) {
				r.keep(m[1], m[2], m[3])
			}
		}
	}
	return p
}

// keep has CPU or memory be the bound, a minimum or a maximum, unless it is within it.
func (r *Resources) keep(kind, name, bound string) {
	of, outside := map[string]*string{"cpu": &r.CPU, "memory": &r.Memory}[name], 1
	if of == nil {
		return
	}
	if kind == "maximum" {
		outside = -1
	}
	if quantity, err := resource.ParseQuantity(bound); err == nil && quantity.Cmp(resource.MustParse(*of)) == outside {
		*of = bound
	}
}
