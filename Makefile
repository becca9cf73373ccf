.PHONY: test race lint fuzz chaos model kill srp bench interop browser ci

test:
	go test ./...

race:
	go test -race -shuffle=on ./...

lint:
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run

fuzz:
	sh .ci/fuzz 30s

chaos:
	CHAOS_TIME=2m go test -race -run '^TestChaos$$' -count 1 -v .

model:
	MODEL_RUNS=2000 go test -race -run '^TestSessionModel$$' -count 1 -timeout 30m .

kill:
	KILL_ROUNDS=100 go test -run 'SurvivesKill$$' -count 1 -timeout 30m .

srp:
	SRP_ATTEMPTS=10000 go test -run '^TestReference$$' -count 1 -timeout 30m ./internal/srp/

bench:
	go test -run '^$$' -bench . -benchmem ./...

interop:
	npm ci --prefix testdata/interop
	go test -tags interop -count 1 -v ./internal/interop/

browser:
	sh .ci/browser

ci:
	bash .ci/run
