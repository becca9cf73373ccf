// Package interop holds the interoperability tests: other people's clients, from the npm registry, sign in to
// cognitotest, and this module's client works with another server, cognito-local. It has tests only, behind the build
// tag interop; see CONTRIBUTING.md.
package interop
