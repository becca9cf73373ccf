//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/gocognito/cognito/cognitotest"
)

const (
	scripts  = "../../testdata/interop"
	password = "Correct-Horse-1"
	email    = "ana@example.com"
	sub      = "4320de44-0c1b-4e8e-b7c6-5f7a2f6b0d11"

	machineID     = "2machine23456789abcdefghij"
	machineSecret = "machine0nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yih"
)

// coordinates is what a script is told of the pool.
type coordinates struct {
	Endpoint     string `json:"endpoint"`
	Region       string `json:"region"`
	PoolID       string `json:"poolId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret,omitempty"`
	Issuer       string `json:"issuer"`
	JWKSURL      string `json:"jwksUrl"`
	Login        string `json:"login"`
	Username     string `json:"username"` // the internal one
	Email        string `json:"email"`
	Password     string `json:"password"`
	IDToken      string `json:"idToken,omitempty"`
	AccessToken  string `json:"accessToken,omitempty"`
	Scenario     string `json:"scenario,omitempty"` // of a script that has several
	Control      string `json:"control,omitempty"`  // where a script reads codes and moves the clock

	MachineID     string `json:"machineId,omitempty"` // a client for client credentials
	MachineSecret string `json:"machineSecret,omitempty"`
}

func public() cognitotest.Client {
	return cognitotest.Client{ID: "1example23456789abcdefghij"}
}

func confidential() cognitotest.Client {
	return cognitotest.Client{ID: "1example23456789abcdefghij", Secret: "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2"}
}

func TestClientsSignIn(t *testing.T) {
	tests := []struct {
		name            string
		cfg             cognitotest.Config
		login, username string
	}{
		{"username", cognitotest.Config{}, "ana", "ana"},
		{"alias", cognitotest.Config{AliasAttributes: []string{"email"}}, email, "ana"},
		{"e-mail as username", cognitotest.Config{UsernameAttributes: []string{"email"}}, email, sub},
		{"hidden users", cognitotest.Config{Clients: []cognitotest.Client{{PreventUserExistenceErrors: true}}}, "ana", "ana"},
	}
	for _, tt := range tests {
		for _, client := range []cognitotest.Client{public(), confidential()} {
			cfg := tt.cfg
			if cfg.Clients != nil {
				client.PreventUserExistenceErrors = cfg.Clients[0].PreventUserExistenceErrors
			}
			cfg.Clients = []cognitotest.Client{client}
			if client.Secret != "" {
				run(t, "srp-helper.mjs, "+tt.name+", secret", "srp-helper.mjs", cfg, tt.login, tt.username)
				continue
			}
			// amazon-cognito-identity-js does not know client secrets.
			run(t, "identity-js.mjs, "+tt.name, "identity-js.mjs", cfg, tt.login, tt.username)
			run(t, "srp-helper.mjs, "+tt.name, "srp-helper.mjs", cfg, tt.login, tt.username)
		}
	}
}

// aws-jwt-verify makes the issuer from the pool ID, so the pool names itself as one at AWS would.
func TestTokensVerify(t *testing.T) {
	cfg := cognitotest.Config{
		UserPoolID: "eu-west-1_aBcDeFgHi", Clients: []cognitotest.Client{public()},
		Issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi",
	}
	run(t, "jwt-verify.mjs", "jwt-verify.mjs", cfg, "ana", "ana")
}

// An OpenID client from elsewhere signs in on the pool's pages.
func TestManagedLogin(t *testing.T) {
	for name, secret := range map[string]string{"public": "", "secret": confidential().Secret} {
		client := public()
		client.Secret, client.AllowedOAuthFlows, client.CallbackURLs = secret, []string{"code"}, []string{"http://localhost:3000/callback"}
		run(t, "openid.mjs, "+name, "openid.mjs", cognitotest.Config{
			Clients: []cognitotest.Client{client, {
				ID: machineID, Secret: machineSecret, ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"},
				AllowedOAuthFlows: []string{"client_credentials"},
			}},
			ResourceServers: []cognitotest.ResourceServer{{Identifier: "https://orders.example.com", Scopes: []string{"read"}}},
		}, "ana", "ana")
	}
}

// run runs a script against a pool with the user ana.
func run(t *testing.T, name, script string, cfg cognitotest.Config, login, username string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		srv := cognitotest.NewServer(cfg)
		t.Cleanup(srv.Close)
		added := "ana"
		if cfg.UsernameAttributes != nil {
			added = email
		}
		srv.AddUser(cognitotest.User{
			Username: added, Password: password, Sub: sub, Groups: []string{"readers"},
			Attributes: map[string]string{"email": email, "email_verified": "true"},
		})
		pool, err := json.Marshal(coordinates{
			Endpoint: srv.URL, Region: "us-east-1", PoolID: srv.UserPoolID, ClientID: srv.ClientID, ClientSecret: srv.ClientSecret,
			Issuer: srv.Issuer(), JWKSURL: srv.JWKSURL(), Login: login, Username: username, Email: email, Password: password,
			IDToken:     srv.Token(login, cognitotest.TokenOptions{Use: "id"}),
			AccessToken: srv.Token(login, cognitotest.TokenOptions{Use: "access"}),
			MachineID:   machineID, MachineSecret: machineSecret,
		})
		if err != nil {
			t.Fatal(err)
		}
		node(t, script, pool)
	})
}

// node runs a script and fails where it does.
func node(t *testing.T, script string, pool []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Dir = scripts
	cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1", "POOL="+string(pool))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
