// Package oidc has tests only: a foreign OpenID client, golang.org/x/oauth2 with
// github.com/coreos/go-oidc, signs in to cognitotest. It is a module of its own, which keeps
// go-oidc out of the library's dependencies:
//
//	cd internal/interop/oidc && go test ./...
package oidc
