//go:build interop

package interop

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/interop/proofs"
)

// Other people's clients sign in, and are refused when one field of their proof is broken on its
// way: field by field, with the exception that the service has for it.
func TestBrokenProofs(t *testing.T) {
	python := func(t *testing.T, client string) *exec.Cmd {
		t.Helper()
		found := withBoto3(t)
		if found == "" {
			t.Skip("no Python with boto3")
		}
		cmd := exec.CommandContext(t.Context(), found, "proofs.py")
		cmd.Env = append(os.Environ(), "CLIENT="+client)
		return cmd
	}
	node := func(t *testing.T, script string) *exec.Cmd {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "node", script)
		cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
		return cmd
	}
	all := []string{proofs.FlowSRP, proofs.FlowChoice, proofs.FlowTOTP, proofs.FlowDevice}
	for _, client := range []struct {
		name         string
		confidential []bool
		flows        []string
		few          bool
		command      func(t *testing.T) *exec.Cmd
	}{
		{"boto3", []bool{false, true}, all, false, func(t *testing.T) *exec.Cmd { t.Helper(); return python(t, "boto3") }},
		{"AWS CLI", []bool{true}, []string{proofs.FlowSRP}, true, func(t *testing.T) *exec.Cmd {
			t.Helper()
			if _, err := exec.LookPath("aws"); err != nil {
				t.Skip("no AWS CLI")
			}
			return python(t, "cli")
		}},
		{"AWS SDK for JavaScript", []bool{true}, all, true, func(t *testing.T) *exec.Cmd { t.Helper(); return node(t, "proofs.mjs") }},
	} {
		for _, confidential := range client.confidential {
			name := client.name
			if confidential {
				name += ", secret"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cmd := client.command(t)
				cases := proofs.Cases(confidential, client.flows...)
				if client.few {
					cases = proofs.Few(cases)
				}
				pool := proofs.NewPool(t, confidential, cases)
				cmd.Dir = scripts
				cmd.Env = append(cmd.Env, "POOL="+string(pool.Script()), "AWS_PAGER=")
				printed, err := cmd.Output()
				outcomes, readErr := proofs.Read(printed)
				require.NoError(t, readErr)
				if err != nil {
					if exit, ok := errors.AsType[*exec.ExitError](err); ok {
						t.Logf("%s", exit.Stderr)
					}
					t.Fatalf("%v, after %d cases", err, len(outcomes))
				}
				t.Logf("%d broken proofs refused", pool.Check(t, outcomes))
			})
		}
	}
}
