//go:build race

package cognito_test

// raceDetector reports whether the race detector is on, which allocates for itself.
const raceDetector = true
