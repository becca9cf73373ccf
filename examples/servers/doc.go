// Package servers has the recipes of docs/servers.md for frameworks, each tested over a real
// connection. It is a module of its own, which keeps the frameworks out of the library's
// dependencies.
package servers
