package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrongCommandsSayHowItIsDone(t *testing.T) {
	t.Parallel()
	pool, done, err := openDemo()
	require.NoError(t, err)
	defer done()
	for _, command := range []string{"", "destroy", "add ann", "disable", "groups a b"} {
		require.ErrorContains(t, operator{pool: pool, out: t.Output()}.do(t.Context(), strings.Fields(command)), "Commands:", command)
	}
	require.ErrorContains(t, operator{pool: pool, out: t.Output()}.do(t.Context(), []string{"list", "-limit", "-1"}), "option Limit")
	_, _, err = address{pool: "x", client: "y"}.open()
	require.ErrorContains(t, err, "user pool ID")
}
