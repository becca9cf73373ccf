// Package servers has the recipes of docs/servers.md for frameworks, each tested over a real connection. It is a module
// of its own, so that what only they need is no dependency of the library.
package servers
