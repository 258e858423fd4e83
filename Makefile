# `make help` lists what there is. Everything here works from a fresh clone on a
# bare Debian or Ubuntu with Go, as root: `make setup` installs what is missing.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The same flags as kbe-cluster builds Kubernetes with: the packages that
# kubectl-kbe shares with kubectl are then compiled once.
GO_BUILD := env CGO_ENABLED=0 go build -trimpath -ldflags '-s -w'
HEARTBEAT := hack/heartbeat.sh

DEMO   := demo
DEMO_KUBECONFIG := $(CURDIR)/.kube/$(DEMO)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup build ## Bring up a three-node Kubernetes and run `kubectl kbe pods` on it
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
test: setup build bin/gotestsum ## Run all tests, the e2e ones on clusters of their own, and count them
	@rm -rf _artifacts
	@failed=0; for suite in unit e2e; do $(MAKE) --no-print-directory $$suite || failed=1; done; hack/counts.sh; exit $$failed

.PHONY: unit
unit: bin/gotestsum ## Run the unit tests of every module; no cluster, no root
	@failed=0; \
	hack/gotest.sh unit . pkgname -race ./cmd/... ./examples/... ./pkg/... || failed=1; \
	hack/gotest.sh unit-cluster cluster pkgname -race ./cmd/... ./internal/... || failed=1; \
	hack/gotest.sh unit-images images pkgname -race ./... || failed=1; \
	exit $$failed

# KUBERNETES selects another version of Kubernetes than the newest, such as v1.36:
# the clients stay what they are, the control planes and kubelets are of that one.
KUBERNETES ?=
.PHONY: e2e
e2e: setup build bin/gotestsum ## Run the e2e tests on clusters of their own (root, Linux)
	@hack/inotify.sh
	@failed=0; \
	hack/gotest.sh e2e . testname -race -count=1 -timeout 45m ./e2e/... -args --cluster=embedded --kubernetes=$(KUBERNETES) --artifacts=$(CURDIR)/_artifacts || failed=1; \
	hack/gotest.sh e2e-cluster cluster testname -tags e2e -count=1 -timeout 45m ./e2e -args --kubernetes=$(KUBERNETES) || failed=1; \
	exit $$failed

.PHONY: upstream
upstream: setup bin/kbe-cluster ## Run Kubernetes' own conformance specs of pods on a cluster of its own
	@KUBERNETES=$(KUBERNETES) hack/upstream.sh

# ROUNDS is how often each subject is measured; the benchmarks of the packages
# run once, with their memory.
ROUNDS ?= 10
.PHONY: bench
bench: setup build ## Measure the times to verdict, exit and start beside what they compare with (about 20 minutes)
	@go test ./pkg/... -run '^$$' -bench . -benchtime 1x -benchmem | grep -v 'no test files\|^PASS\|^ok'
	@go run ./bench --rounds $(ROUNDS)

.PHONY: lint
lint: setup bin/golangci-lint ## Check the code of every module
	@for module in . cluster images; do echo "== lint $$module"; (cd $$module && $(CURDIR)/$(HEARTBEAT) "lint $$module" $(CURDIR)/bin/golangci-lint run -c $(CURDIR)/.golangci.yml ./...); done
	@hack/verify.sh

.PHONY: setup
setup: ## Install the Debian packages that are missing (root)
	@hack/setup.sh

.PHONY: build
build: bin/kbe-cluster parts bin/kubectl-kbe ## Build kubectl-kbe, kbe-cluster and all parts of the cluster

# The parts come before kubectl-kbe: they compile what it shares with kubectl,
# with progress.
.PHONY: parts
parts: bin/kbe-cluster
	@parts=$$(bin/kbe-cluster build | tail -n 1); ln -sfn "$$parts/kubectl" bin/kubectl

.PHONY: bin/kbe-cluster
bin/kbe-cluster:
	@cd cluster && $(CURDIR)/$(HEARTBEAT) 'building kbe-cluster' $(GO_BUILD) -o ../bin/ ./cmd/kbe-cluster

.PHONY: bin/kubectl-kbe
bin/kubectl-kbe:
	@$(HEARTBEAT) 'building kubectl-kbe' $(GO_BUILD) -o bin/ ./cmd/kubectl-kbe

.PHONY: bin/golangci-lint
bin/golangci-lint:
	@cd hack/tools && $(CURDIR)/$(HEARTBEAT) 'building golangci-lint' $(GO_BUILD) -o ../../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: bin/gotestsum
bin/gotestsum:
	@cd hack/tools && $(CURDIR)/$(HEARTBEAT) 'building gotestsum' $(GO_BUILD) -o ../../bin/ gotest.tools/gotestsum

.PHONY: dist
dist: ## Build the plugin's archives for six platforms, and their krew manifest
	@hack/dist.sh

.PHONY: clean
clean: ## Remove what was built; clusters stay, and so does the cache of their parts
	@rm -rf bin dist _artifacts
