// Package pools has tests only: the user pools that run in the process of a Go test go through the same flows, and the table
// in docs/emulators.md says how each ended. It is a module of its own, so that the other pools are no dependencies of the
// library:
//
//	cd internal/interop/pools && go test -v ./...
package pools
