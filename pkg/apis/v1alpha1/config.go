package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConfigKind is that of a Config.
const ConfigKind = "Config"

// Config has defaults for flags, for who types the same ones in every command: the file of
// --config, or of the environment variable KUBECTL_KBE_CONFIG. A flag on the command line
// has precedence. A command ignores what it has no flag for.
type Config struct {
	metav1.TypeMeta `json:",inline"`

	// Namespace is the default of --namespace, Registry of --registry, ImagePullSecret of
	// --image-pull-secret, and View of --view.
	Namespace       string `json:"namespace,omitempty"`
	Registry        string `json:"registry,omitempty"`
	ImagePullSecret string `json:"imagePullSecret,omitempty"`
	View            string `json:"view,omitempty"`
	// Images are the defaults of --image, by name. A run ignores those of images that it
	// does not use.
	Images map[string]string `json:"images,omitempty"`
}
