# `make help` lists what there is. Everything here works from a fresh clone on a
# bare Debian or Ubuntu with Go, as root: `make setup` installs what is missing.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO_BUILD := env CGO_ENABLED=0 go build -trimpath -ldflags '-s -w'
HEARTBEAT := hack/heartbeat.sh

DEMO   := demo
DEMO_KUBECONFIG := $(CURDIR)/.kube/$(DEMO)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup build ## Start a three-node Kubernetes and run `kubectl kbe pods` on it
	@mkdir -p .kube
	@KUBECONFIG=$(DEMO_KUBECONFIG) bin/kbe-cluster up --name $(DEMO) --nodes 3
	@bin/kbe-cluster kubectl --name $(DEMO) version
	@echo; echo '$$ kubectl kbe pods'
	@PATH=$(CURDIR)/bin:$$PATH bin/kbe-cluster kubectl --name $(DEMO) kbe pods
	@echo
	@echo 'The cluster stays up. To use it:   export KUBECONFIG=$(DEMO_KUBECONFIG) PATH=$(CURDIR)/bin:$$PATH'
	@echo '                                   kubectl get nodes; kubectl kbe pods'
	@echo 'To remove it:                      make demo-down'

.PHONY: demo-down
demo-down: bin/kbe-cluster ## Remove the cluster of `make demo`
	@KUBECONFIG=$(DEMO_KUBECONFIG) bin/kbe-cluster down --name $(DEMO)

.PHONY: test
test: setup build bin/gotestsum ## Run the unit tests, and test every feature on temporary clusters; count the tests
	@rm -rf _artifacts
	@failed=0; for suite in unit e2e; do $(MAKE) --no-print-directory SHORT=-short $$suite || failed=1; done; hack/counts.sh; exit $$failed

.PHONY: test-all
test-all: setup build bin/gotestsum ## Run all tests: also each fault, mutation and kill, other clusters, krew
	@rm -rf _artifacts
	@failed=0; for suite in unit e2e test-krew; do $(MAKE) --no-print-directory $$suite || failed=1; done; hack/counts.sh; exit $$failed

.PHONY: unit
unit: bin/gotestsum ## Run the unit tests of every module; no cluster, no root
	@failed=0; \
	hack/gotest.sh unit . pkgname -race ./cmd/... ./docs ./e2e/internal/... ./examples/... ./internal/... ./pkg/... || failed=1; \
	hack/gotest.sh unit-cluster cluster pkgname -race ./cmd/... ./internal/... || failed=1; \
	exit $$failed

# KUBERNETES selects another version of Kubernetes than the newest, such as v1.36:
# the clients stay what they are, the control planes and kubelets are of that one.
KUBERNETES ?=
# SHORT=-short leaves out what only `make test-all` runs.
SHORT ?=
# A test waits more than it computes, and has its cluster for itself: so two suites run
# at a time. APART are the tests of ./e2e that run beside the others, on clusters of
# their own.
APART := ^Test(Worlds|ConformanceOfOtherClusters|EachClaimCanFail|TheFencesOfTheDocsRun|An?(Interrupt|Kill)AtAnyMoment.*)$$
.PHONY: e2e
e2e: setup build bin/gotestsum ## Run the e2e tests on temporary clusters (root, Linux)
	@hack/inotify.sh
	@$(MAKE) --no-print-directory --keep-going --jobs=2 e2e-rest e2e-apart e2e-cluster e2e-confine

.PHONY: e2e-rest e2e-apart e2e-cluster e2e-confine
e2e-rest e2e-apart:
	@hack/gotest.sh $@ . testname -race -count=1 -timeout 90m $(SHORT) $(if $(filter e2e-apart,$@),-run,-skip) '$(APART)' ./e2e \
		-args --cluster=embedded --kubernetes=$(KUBERNETES) --artifacts=$(CURDIR)/_artifacts/$@
e2e-cluster:
	@hack/gotest.sh $@ cluster testname -tags e2e -count=1 -timeout 45m $(SHORT) ./e2e -args --kubernetes=$(KUBERNETES)
e2e-confine:
	@hack/gotest.sh $@ . testname -race -count=1 ./e2e/bare ./e2e/confine

# FUZZTIME is how long it runs.
FUZZTIME ?= 30m
.PHONY: fuzz
fuzz: setup build ## Fuzz examples that attack a bare API server
	@go test ./e2e/confine -run '^$$' -fuzz FuzzExamples -fuzztime $(FUZZTIME) -parallel 2 -timeout 0

.PHONY: upstream
upstream: setup bin/kbe-cluster ## Run Kubernetes' own specs of pods, network and volumes on a temporary cluster (20 minutes)
	@KUBERNETES=$(KUBERNETES) hack/upstream.sh

# ROUNDS is how often each subject is measured; the benchmarks of the packages
# run once, with their memory.
ROUNDS ?= 10
.PHONY: bench
bench: setup build ## Measure the times to verdict, exit and start, with comparisons (about 45 minutes)
	@go test ./internal/... ./e2e/bare -timeout 30m -run '^$$' -bench . -benchtime 1x -benchmem | grep -v 'no test files\|^PASS\|^ok'
	@go run ./bench --rounds $(ROUNDS)

.PHONY: lint
lint: setup bin/golangci-lint bin/actionlint bin/vale ## Check the code of every module, and the prose
	@for module in . cluster; do echo "== lint $$module"; (cd $$module && $(CURDIR)/$(HEARTBEAT) "lint $$module" $(CURDIR)/bin/golangci-lint run -c $(CURDIR)/.golangci.yml ./...); done
	@hack/verify.sh

.PHONY: setup
setup: ## Install the Debian packages that are missing (root)
	@hack/setup.sh

.PHONY: build
build: bin/kbe-cluster parts bin/kubectl-kbe ## Build kubectl-kbe, kbe-cluster and all components of the cluster

.PHONY: parts
parts: bin/kbe-cluster
	@parts=$$(bin/kbe-cluster build | tail -n 1); ln -sfn "$$parts/kubectl" bin/kubectl

.PHONY: bin/kbe-cluster
bin/kbe-cluster:
	@cd cluster && $(CURDIR)/$(HEARTBEAT) 'building kbe-cluster' $(GO_BUILD) -o ../bin/ ./cmd/kbe-cluster

.PHONY: bin/kubectl-kbe
bin/kubectl-kbe:
	@mkdir -p bin
	@$(HEARTBEAT) 'building kubectl-kbe' hack/go.sh build -ldflags '-s -w' -o bin/ ./cmd/kubectl-kbe

# Tools: a module of hack/, and the package in it.
tool = cd hack/$(1) && $(CURDIR)/$(HEARTBEAT) 'building $(@F)' $(GO_BUILD) -o ../../$@ $(2)

.PHONY: bin/golangci-lint
bin/golangci-lint:
	@$(call tool,tools,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)

.PHONY: bin/gotestsum
bin/gotestsum:
	@$(call tool,tools,gotest.tools/gotestsum)

.PHONY: bin/actionlint
bin/actionlint:
	@$(call tool,release,github.com/rhysd/actionlint/cmd/actionlint)

.PHONY: bin/vale
bin/vale:
	@$(call tool,vale,github.com/errata-ai/vale/v2/cmd/vale)

.PHONY: bin/cyclonedx-gomod
bin/cyclonedx-gomod:
	@$(call tool,release,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

.PHONY: bin/go-licenses
bin/go-licenses:
	@$(call tool,release,github.com/google/go-licenses)

# kubectl finds it by this name.
.PHONY: bin/kubectl-krew
bin/kubectl-krew:
	@$(call tool,release,sigs.k8s.io/krew/cmd/krew)

.PHONY: bin/validate-krew-manifest
bin/validate-krew-manifest:
	@$(call tool,release,sigs.k8s.io/krew/cmd/validate-krew-manifest)

.PHONY: bin/govulncheck
bin/govulncheck:
	@$(call tool,vuln,golang.org/x/vuln/cmd/govulncheck)

.PHONY: bin/indexdb
bin/indexdb:
	@$(call tool,vuln,golang.org/x/vulndb/cmd/indexdb)

.PHONY: bin/goreleaser
bin/goreleaser:
	@$(call tool,goreleaser,github.com/goreleaser/goreleaser/v2)

.PHONY: bin/THIRD_PARTY_LICENSES
bin/THIRD_PARTY_LICENSES:
	@mkdir -p bin
	@hack/licenses.sh >$@

# The version is that of plugin.yaml, for most commits have no tag. The remote is for
# repositories that have none: of those, goreleaser reads neither commit nor date.
.PHONY: dist
dist: bin/goreleaser ## Build the files of a release: archives, packages, SBOMs, checksums, krew manifest
	@GORELEASER_CURRENT_TAG=$$(sed -n 's/^  version: //p' plugin.yaml) \
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=. \
	$(HEARTBEAT) 'making a release' bin/goreleaser release --snapshot --clean --skip=sign

.PHONY: test-krew
test-krew: setup build dist bin/gotestsum bin/kubectl-krew bin/validate-krew-manifest ## Install the files of `make dist` with krew, on every platform, and run them (root, Linux)
	@hack/gotest.sh krew . testname -count=1 -timeout 15m ./e2e/krew

.PHONY: licenses
licenses: bin/go-licenses ## Check that the licenses of linked dependencies permit redistribution
	@GOROOT=$$(go env GOROOT) bin/go-licenses check --allowed_licenses=Apache-2.0,MIT,BSD-2-Clause,BSD-3-Clause,ISC ./cmd/kubectl-kbe

.PHONY: vuln
vuln: bin/govulncheck bin/indexdb ## Check reachable code for known vulnerabilities
	@VULN_DB='$(VULN_DB)' hack/vuln.sh

.PHONY: clean
clean: ## Remove build output; clusters and the cache of their components stay
	@rm -rf bin dist _artifacts
