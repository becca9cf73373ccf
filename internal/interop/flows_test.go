//go:build interop

package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/gocognito/cognito/cognitotest"
)

// secret is the software token of the users who have one; "12345678901234567890" of RFC 6238.
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

const phone = "+12065550100"

// everything is a client that allows all flows.
func everything() cognitotest.Client {
	return cognitotest.Client{ID: "1example23456789abcdefghij", ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}
}

// riddle is a custom sign-in: the password first where the client begins with SRP, then at most
// three answers.
func riddle() cognitotest.Triggers {
	return cognitotest.Triggers{
		DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
			rounds := e.Session
			if len(rounds) == 1 && rounds[0].Name == "SRP_A" {
				e.ChallengeName = "PASSWORD_VERIFIER"
				return nil
			}
			wrong := 0
			for _, round := range rounds {
				if !round.Passed {
					wrong++
				}
			}
			last := len(rounds) - 1
			e.IssueTokens = last >= 0 && rounds[last].Name == "CUSTOM_CHALLENGE" && rounds[last].Passed
			e.FailAuthentication = wrong == 3
			e.ChallengeName = "CUSTOM_CHALLENGE"
			return nil
		},
		CreateAuthChallenge: func(e *cognitotest.CreateAuthChallengeEvent) error {
			e.PublicParameters = map[string]string{"question": "6 x 7"}
			e.PrivateParameters = map[string]string{"answer": "42"}
			return nil
		},
		VerifyAuthChallenge: func(e *cognitotest.VerifyAuthChallengeEvent) error {
			e.Correct = e.Answer == e.PrivateParameters["answer"]
			return nil
		},
	}
}

// scenarios are pools that the scripts of flows know by name. Each has the users that a scenario
// needs, all called after the factors that they have.
func scenarios() map[string]cognitotest.Config {
	tracked := &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}
	prompted := &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}
	return map[string]cognitotest.Config{
		"optional":   {},
		"emailSetup": {MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
		"setup":      {MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}},
		"custom":     {Triggers: riddle()},
		"devices":    {Devices: tracked, Triggers: riddle()},
		"prompted":   {Devices: prompted},
		"alias":      {AliasAttributes: []string{"email"}, Devices: tracked},
		"choice":     {FirstFactors: []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "localhost"}},
	}
}

func TestFlows(t *testing.T) {
	for name, cfg := range scenarios() {
		for _, script := range []string{"identity-js-flows.mjs", "amplify-flows.mjs"} {
			if (name == "choice" || name == "emailSetup") && script == "identity-js-flows.mjs" {
				continue // it is older than that
			}
			t.Run(script+", "+name, func(t *testing.T) {
				t.Parallel()
				cfg.Clients = []cognitotest.Client{everything()}
				srv := cognitotest.NewServer(cfg)
				t.Cleanup(srv.Close)
				addUsers(srv, cfg.MFA == "ON")
				pool, err := json.Marshal(coordinates{
					Endpoint: srv.URL, Region: "us-east-1", PoolID: srv.UserPoolID, ClientID: srv.ClientID, Issuer: srv.Issuer(),
					Email: email, Password: password, Scenario: name, Control: control(t, srv),
				})
				if err != nil {
					t.Fatal(err)
				}
				node(t, script, pool)
			})
		}
	}
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	cfg := scenarios()["choice"]
	cfg.Clients = []cognitotest.Client{everything()}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	addUsers(srv, false)
	pool, err := json.Marshal(coordinates{Endpoint: srv.URL, PoolID: srv.UserPoolID, ClientID: srv.ClientID, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	node(t, "amplify-passkey.mjs", pool)
}

// addUsers adds the users of the scenarios.
func addUsers(srv *cognitotest.Server, bare bool) {
	if bare {
		srv.AddUser(cognitotest.User{Username: "plain", Password: password})
		srv.AddUser(cognitotest.User{Username: "temporary", Password: password, Status: "FORCE_CHANGE_PASSWORD"})
		return
	}
	address := func(name string) map[string]string {
		return map[string]string{
			"email": name + "@example.com", "email_verified": "true", "phone_number": phone, "phone_number_verified": "true",
		}
	}
	for _, u := range []cognitotest.User{
		{Username: "plain"},
		{Username: "totp", TOTPSecret: secret},
		{Username: "sms", MFA: []string{"SMS_MFA"}},
		{Username: "email", MFA: []string{"EMAIL_OTP"}},
		{Username: "several", TOTPSecret: secret, MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
		{Username: "temporary", Status: "FORCE_CHANGE_PASSWORD"},
		{Username: "both", Status: "FORCE_CHANGE_PASSWORD", TOTPSecret: secret},
	} {
		u.Password, u.Attributes = password, address(u.Username)
		srv.AddUser(u)
	}
}

// control serves what a script cannot know: codes that were delivered, and the clock.
func control(t *testing.T, srv *cognitotest.Server) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /code", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(srv.Code(r.FormValue("username"))))
	})
	mux.HandleFunc("GET /advance", func(w http.ResponseWriter, r *http.Request) {
		seconds, err := strconv.Atoi(r.FormValue("seconds"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		srv.Advance(time.Duration(seconds) * time.Second)
	})
	mux.HandleFunc("GET /now", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strconv.FormatInt(srv.Now().Unix(), 10)))
	})
	helper := httptest.NewServer(mux)
	t.Cleanup(helper.Close)
	return helper.URL
}
