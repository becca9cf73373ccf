// Package cognitosrp has tests only: a Go client that is not this module's, github.com/alexrudd/cognito-srp, signs in to
// cognitotest, and is refused when one field of its proof is broken. It is a module of its own, so that the client is no
// dependency of the library:
//
//	cd internal/interop/cognitosrp && go test ./...
package cognitosrp
