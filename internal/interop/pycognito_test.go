//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// pycognito is not in Debian, so what its methods send is written out with boto3, which is.
func TestPycognito(t *testing.T) {
	for name, client := range map[string]cognitotest.Client{"public": public(), "secret": confidential()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			python := withBoto3(t)
			if python == "" {
				t.Skip("no Python with boto3")
			}
			want := 26
			client.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
			if client.Secret == "" {
				client.ExplicitAuthFlows = append(client.ExplicitAuthFlows, "ALLOW_ADMIN_USER_PASSWORD_AUTH")
				want++
			}
			srv := cognitotest.NewServer(cognitotest.Config{
				Clients: []cognitotest.Client{client},
				Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true},
			})
			t.Cleanup(srv.Close)
			pool, err := json.Marshal(coordinates{
				Endpoint: srv.URL, Region: "us-east-1", PoolID: srv.UserPoolID, ClientID: srv.ClientID, ClientSecret: srv.ClientSecret,
				Issuer: srv.Issuer(), JWKSURL: srv.JWKSURL(), Password: password, Control: control(t, srv),
			})
			require.NoError(t, err)
			cmd := exec.CommandContext(t.Context(), python, "pycognito.py")
			cmd.Dir = scripts
			cmd.Env = append(os.Environ(), "POOL="+string(pool))
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			require.NoError(t, err)
			assert.Equal(t, want, strings.Count(string(out), "ok: "), "steps")
		})
	}
}
