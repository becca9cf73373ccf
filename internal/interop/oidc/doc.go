// Package oidc has tests only: a foreign OpenID client, golang.org/x/oauth2 with github.com/coreos/go-oidc, signs in to
// cognitotest. It is a module of its own, so that go-oidc is not a dependency of the client:
//
//	cd internal/interop/oidc && go test ./...
package oidc
