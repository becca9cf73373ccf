package cognito_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// The keys of another pool in the environment must not get into the tests. Many tests wait for a
// server or a pause, so at least four run at once, unless -parallel says otherwise.
func TestMain(m *testing.M) {
	_ = os.Unsetenv("COGNITO_JWKS") // it cannot fail
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))) // it is a number
	}
	m.Run()
}
