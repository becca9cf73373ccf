//go:build browser

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A real browser walks through the program; see testdata/browser. It needs Node.js, the packages of that
// folder, and Chromium or Chrome.
func TestBrowser(t *testing.T) {
	t.Parallel()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		browser, err = exec.LookPath("google-chrome")
	}
	require.NoError(t, err, "want chromium or google-chrome")
	program := filepath.Join(t.TempDir(), "web")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	walk := exec.CommandContext(t.Context(), "node", "web.mjs")
	walk.Dir = "../../testdata/browser"
	walk.Env = append(os.Environ(), "WEB="+program, "CHROMIUM="+browser)
	output, err = walk.CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	require.Equal(t, 12, bytes.Count(output, []byte("ok      ")), "all walks")
}
