package cognito_test

import (
	"os"
	"testing"
)

// The keys of another pool in the environment must not get into the tests.
func TestMain(m *testing.M) {
	_ = os.Unsetenv("COGNITO_JWKS") // it cannot fail
	m.Run()
}
