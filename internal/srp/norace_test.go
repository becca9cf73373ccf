//go:build !race

package srp

// raceEnabled makes the long tests shorter under the race detector.
const raceEnabled = false
