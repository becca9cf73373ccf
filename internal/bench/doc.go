// Package bench compares the verification of tokens with what other libraries need for the same. It
// is a module of its own, so that their dependencies are not those of the client:
//
//	cd internal/bench && go test -bench Peers
package bench
