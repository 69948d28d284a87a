# The two commands: `make demo` shows it, `make test` proves it. Both fetch what is missing
# into a cache outside this folder and leave the system as it is.

CACHE ?= $(or $(HOTLINE_CACHE),$(XDG_CACHE_HOME),$(HOME)/.cache)/hotline
GOLANGCI_VERSION := v2.14.0
GOLANGCI := $(CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)

# The race detector needs a C compiler. Where there is none the tests run without it and
# say so; CI has one.
RACE := $(if $(shell command -v cc 2>/dev/null || command -v gcc 2>/dev/null),-race,)
UNIT = $(shell go list ./... | grep -v /test/)

.PHONY: help demo test build lint unit e2e bench clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: build ## a whole hotline on this machine with simulated callers and agents; Ctrl-C removes it
	@./bin/hotline demo

build: ## bin/hotline and bin/phonesim
	@mkdir -p bin
	go build -o bin/hotline ./cmd/hotline
	go build -o bin/phonesim ./cmd/phonesim

test: build lint unit e2e ## everything CI runs

lint: $(GOLANGCI) ## the rules of .golangci.yml
	$(GOLANGCI) run ./...

unit: ## unit, property and store tests
	@test -n "$(RACE)" || echo "no C compiler on PATH: the tests run WITHOUT the race detector"
	go test $(RACE) -timeout 15m $(UNIT)

e2e: ## the whole walk on a real Asterisk and Redis with real SIP phones
	go test $(RACE) -timeout 20m -p 1 ./test/...

bench: ## hotline beside app_queue in turns; about 10 minutes, figures in run/bench
	HOTLINE_BENCH_OUT=$(or $(HOTLINE_BENCH_OUT),$(CURDIR)/run/bench) go test ./test/bench -bench . -benchtime=1x -run '^$$' -timeout 30m

clean: ## what was built here; the cache stays
	rm -rf bin

$(GOLANGCI):
	@mkdir -p $(CACHE)/bin
	GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(CACHE)/bin/golangci-lint $@
