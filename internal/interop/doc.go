// Package interop holds the interoperability tests: other people's clients, from the npm registry
// and Debian, sign in to cognitotest, and are rejected when one field of their proof is broken;
// this module's client works with another server, cognito-local, and the SDKs of several languages
// and the AWS CLI run one script against examples/localpool. It has tests only, behind the build
// tag interop; see CONTRIBUTING.md.
package interop
