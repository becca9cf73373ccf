// Package cognitosrp has tests only: a foreign Go client, github.com/alexrudd/cognito-srp, signs in
// to cognitotest, and is rejected when one field of its proof is broken. It is a module of its own,
// which keeps the client out of the library's dependencies:
//
//	cd internal/interop/cognitosrp && go test ./...
package cognitosrp
