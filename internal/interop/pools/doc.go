// Package pools has tests only: the user pools that run in the process of a Go test go through the
// same flows, and the table in docs/emulators.md shows how each ended. It is a module of its own,
// which keeps the other pools out of the library's dependencies:
//
//	cd internal/interop/pools && go test -v ./...
package pools
