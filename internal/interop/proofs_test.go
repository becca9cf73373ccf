//go:build interop

package interop

import (
	"errors"
	"maps"
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
	// A client whose device is unknown drops it and answers again without it. The proof of a password that was answered
	// already is spent by then.
	const unknownDevice = ", an unknown DEVICE_KEY"
	withoutDevice := map[string]proofs.Outcome{"device, PASSWORD_VERIFIER" + unknownDevice: {}}
	spent := proofs.Outcome{Error: "NotAuthorizedException", Message: "Incorrect username or password."}
	again := maps.Clone(withoutDevice)
	again["device, DEVICE_SRP_AUTH"+unknownDevice], again["device, DEVICE_PASSWORD_VERIFIER"+unknownDevice] = spent, spent
	few := os.Getenv("PROOFS") != "all" // JavaScript without native arithmetic takes its time
	all := []string{proofs.FlowSRP, proofs.FlowChoice, proofs.FlowTOTP, proofs.FlowDevice}
	for _, client := range []struct {
		name         string
		confidential []bool
		flows        []string
		few          bool
		ends         map[string]proofs.Outcome
		command      func(t *testing.T) *exec.Cmd
	}{
		{"boto3", []bool{false, true}, all, false, nil, func(t *testing.T) *exec.Cmd { t.Helper(); return python(t, "boto3") }},
		{"AWS CLI", []bool{true}, []string{proofs.FlowSRP}, true, nil, func(t *testing.T) *exec.Cmd {
			t.Helper()
			if _, err := exec.LookPath("aws"); err != nil {
				t.Skip("no AWS CLI")
			}
			return python(t, "cli")
		}},
		{"AWS SDK for JavaScript", []bool{true}, all, true, nil, func(t *testing.T) *exec.Cmd { t.Helper(); return node(t, "proofs.mjs") }},
		{
			"amazon-cognito-identity-js", []bool{false}, []string{proofs.FlowSRP, proofs.FlowTOTP, proofs.FlowDevice}, few,
			withoutDevice, func(t *testing.T) *exec.Cmd { t.Helper(); return node(t, "proofs-identity-js.mjs") },
		},
		{"AWS Amplify", []bool{false}, all, few, again, func(t *testing.T) *exec.Cmd { t.Helper(); return node(t, "proofs-amplify.mjs") }},
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
				t.Logf("%d broken proofs refused", pool.Check(t, outcomes, client.ends))
			})
		}
	}
}
