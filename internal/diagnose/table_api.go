package diagnose

// requests are the causes of a request that fails, and of what it takes to make
// one: the kubeconfig, credentials, TLS, the network, the API server.
// The words are those of client-go, crypto/x509, net, and the API server; they
// are the same in an error of Go and in what kubectl prints.
var requests = []row{
	// The kubeconfig.
	{at: api, message: `context "(?P<name>[^"]*)" does not exist|context was not found for specified context: (?P<name2>\S+)`,
		what:   "the kubeconfig has no such context",
		remedy: "use $contexts", outlook: Hopeless},
	{at: api, message: `(cluster|auth info) "(?P<name>[^"]*)" does not exist|no server found for cluster`,
		what:   "the kubeconfig's context refers to a missing cluster or user",
		remedy: "fix $file, or use $contexts", outlook: Hopeless},
	{at: api, message: `error loading config file|couldn't get version/kind; json parse error|illegal base64 data|cannot unmarshal .* into Go struct field Config`,
		what:   "the kubeconfig cannot be read",
		remedy: "fix $file, or use another one with --kubeconfig", outlook: Hopeless},
	// kubectl uses port 8080 of this machine where no context is selected.
	{at: api, message: `no configuration has been provided|The connection to the server localhost:8080 was refused|"http://localhost:8080/.*connection refused`,
		what:   "no cluster is selected: there is no kubeconfig, or it has no current context",
		remedy: "use $contexts", outlook: Hopeless},
	{at: api, message: `unable to load root certificates|unable to parse bytes as PEM block|failed to find any PEM data`,
		what:   "a certificate or key of the kubeconfig is not in PEM format",
		remedy: "fix $file, or fetch the cluster's kubeconfig again", outlook: Hopeless},
	{at: api, message: `(?P<name>\S+): (no such file or directory|permission denied)$`,
		what:   "a file of the kubeconfig cannot be read",
		remedy: "fix $file, or use another one with --kubeconfig", outlook: Hopeless},

	// Credentials.
	{at: api, message: `exec: executable (?P<plugin>\S+) not found`,
		what:   "the kubeconfig's credential plugin is not installed: $plugin",
		remedy: "install it, or use another user of the kubeconfig: --user NAME", outlook: Hopeless},
	{at: api, message: `The (?P<provider>\w+) auth plugin has been removed\.\s+Please use the "(?P<successor>[^"]+)"`,
		what:   `the kubeconfig has the auth provider "$provider", which Kubernetes clients no longer have`,
		remedy: "use its successor, $successor: fetch the cluster's kubeconfig again with the provider's own tool", outlook: Hopeless},
	{at: api, message: `[Nn]o Auth Provider found for name "(?P<provider>[^"]+)"`,
		what:   `the kubeconfig has the auth provider "$provider", which Kubernetes clients do not have`,
		remedy: "fetch the cluster's kubeconfig again with the provider's own tool", outlook: Hopeless},
	{at: api, message: `exec plugin: invalid apiVersion "(?P<version>[^"]+)"`,
		what:   `the credential plugin that the kubeconfig names has the API $version, which Kubernetes clients no longer have`,
		remedy: "update the plugin, and fetch the kubeconfig again with its tool, or write client.authentication.k8s.io/v1beta1", outlook: Hopeless},
	{at: api, message: `getting credentials: (exec: )?`,
		what:   "the kubeconfig's credential plugin returned no credentials",
		remedy: "log in with it, and try again", outlook: Hopeless},
	{at: api, reason: "Unauthorized", what: notLoggedIn, remedy: logIn, outlook: Hopeless},
	{at: api, message: `the server has asked for the client to provide credentials|You must be logged in to the server|^Unauthorized|: Unauthorized$`,
		what: notLoggedIn, remedy: logIn, outlook: Hopeless},

	// TLS.
	{at: api, message: `certificate has expired or is not yet valid:? ?(current time (?P<now>\S+) is (?P<side>before|after) (?P<limit>\S+))?`,
		what:   "the certificate of the API server $host is not valid at this time: now is $now, $side $limit",
		remedy: "renew the cluster's certificates, or correct this machine's clock", outlook: Hopeless},
	{at: api, message: `certificate signed by unknown authority|certificate is not trusted|not standards compliant`,
		what:   "the certificate of the API server $host is not from the CA that the kubeconfig trusts",
		remedy: "download the cluster's kubeconfig again: it has the CA in certificate-authority-data; a proxy that intercepts TLS has its own CA", outlook: Hopeless},
	{at: api, message: `x509: (?P<why>.*)`,
		what:   "the certificate of the API server $host is not for that name",
		remedy: "use a name that the certificate has: tls-server-name in the kubeconfig, or --tls-server-name", outlook: Hopeless},
	{at: api, message: `remote error: tls: (bad|expired|unknown|unsupported|revoked) certificate|tls: certificate required`,
		what: "the API server $host does not accept the kubeconfig's client certificate", remedy: logIn, outlook: Hopeless},
	{at: api, message: `server gave HTTP response to HTTPS client|first record does not look like a TLS handshake`,
		what:   "the server at $host does not use TLS",
		remedy: "check the server's address and port in $file, and the proxy settings (HTTPS_PROXY, NO_PROXY)", outlook: Hopeless},

	// The API server and the way to it.
	{at: api, message: `proxyconnect tcp|Proxy Authentication Required|unexpected status.* from proxy`,
		what:   "the HTTP proxy for the API server $host blocks the request",
		remedy: "check $proxy", outlook: Hopeless},
	{at: api, message: `no such host`,
		what: "the host name of the API server $host cannot be resolved", remedy: "check the server's name in $file, and this machine's DNS or VPN", outlook: Hopeless},
	{at: api, message: `connection refused|The connection to the server \S+ was refused|no route to host|network is unreachable|connect: invalid argument`,
		what: "the API server $host does not answer", remedy: "check that the cluster runs, the server's address in $file, and the VPN", outlook: Unsettled},
	{at: api, message: `failed to find Session for client`,
		what: "the Rancher server at $host has no connection to the cluster", remedy: "look at the cluster's agent: kubectl -n cattle-system get pods, with a kubeconfig that does not go through Rancher", outlook: Unsettled},
	{at: api, message: `database space exceeded|etcdserver: `, what: "the API server's etcd has a fault",
		remedy: "the cluster's administrator must check etcd", outlook: Unsettled},
	{at: api, reason: "TooManyRequests", what: busy, remedy: tryLater, outlook: Unsettled},
	{at: api, message: `the server has received too many requests|Too many requests`, what: busy, remedy: tryLater, outlook: Unsettled},
	{at: api, message: `the server is currently unable to handle the request|an error on the server|Internal error occurred`,
		what: "the API server $host has an internal error", remedy: "try again later; the cluster's administrator finds more in the API server's log", outlook: Unsettled},
	{at: api, message: `context deadline exceeded|Client\.Timeout|i/o timeout|TLS handshake timeout|Timeout: request did not complete|unable to return a response in the time allotted|could not be completed at this time|net/http: timeout`,
		what: "the API server $host does not answer in time", remedy: "check the VPN and the firewall; then the load of the cluster", outlook: Unsettled},
	{at: api, message: `connection reset by peer|unexpected EOF|\bEOF$|client connection lost|broken pipe|server sent GOAWAY|websocket: close 1006`,
		what: "the connection to the API server $host broke", remedy: "check that the cluster runs, and try again", outlook: Unsettled, lost: true},
	{at: api, message: `namespaces "(?P<ns>[^"]+)" not found|namespace "(?P<ns2>[^"]+)" (not found|does not exist)`,
		what: `the namespace "$ns$ns2" does not exist`, remedy: "create it, or leave -n out for a new one", outlook: Hopeless},
}

const (
	notLoggedIn = "the API server $host rejects your credentials (401)"
	logIn       = "log in again: the token or the client certificate of the kubeconfig is missing, wrong or has expired"
	busy        = "the API server $host is busy and rejects requests (429)"
	tryLater    = "try again later; if it repeats, the cluster's administrator finds more in the API server's flow control (API Priority and Fairness)"
)
