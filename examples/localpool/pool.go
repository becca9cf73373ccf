package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/gocognito/cognito/cognitotest"
)

// settings are the flags.
type settings struct {
	addr, pool, client, secret, mfa, user, issuer string
	callbacks, logouts                            string // URLs, separated by commas
}

// The app client for machines, and the API whose scopes it has.
const (
	machineID     = "2localpoolmachine23456789"
	machineSecret = "a-secret-that-protects-nothing-but-local-tests"
	apiIdentifier = "https://api.example.com"
)

// config is a pool whose app client allows everything that the pool can do.
func (f settings) config(deliver func(cognitotest.Message)) cognitotest.Config {
	return cognitotest.Config{
		Addr:       f.addr,
		UserPoolID: f.pool,
		Clients: []cognitotest.Client{{
			ID: f.client, Name: "localpool", Secret: f.secret,
			ExplicitAuthFlows: []string{
				"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH",
				"ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
			},
			AllowedOAuthFlows: []string{"code", "implicit"}, CallbackURLs: split(f.callbacks), LogoutURLs: split(f.logouts),
		}, {
			ID: machineID, Name: "machine", Secret: machineSecret, ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"},
			AllowedOAuthFlows: []string{"client_credentials"},
		}},
		ResourceServers: []cognitotest.ResourceServer{{Identifier: apiIdentifier, Scopes: []string{"read", "write"}}},
		AliasAttributes: []string{"email", "phone_number"},
		CaseInsensitive: true,
		MFA:             f.mfa,
		Issuer:          f.issuer,
		FirstFactors:    []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"},
		WebAuthn:        cognitotest.WebAuthn{RelyingPartyID: "localhost"},
		OnMessage:       deliver,
	}
}

// split takes a list apart at its commas.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// firstUser is the user that the pool begins with; nil for none.
func (f settings) firstUser() (*cognitotest.User, error) {
	if f.user == "" {
		return nil, nil
	}
	name, password, ok := strings.Cut(f.user, ":")
	if !ok || name == "" || password == "" {
		return nil, errors.New("-user: want name:password")
	}
	return &cognitotest.User{
		Username: name, Password: password,
		Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true"},
	}, nil
}

// mailbox prints messages in place of sending them.
type mailbox struct {
	mu  sync.Mutex
	out io.Writer
}

func (m *mailbox) write(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = io.WriteString(m.out, text)
}

// deliver prints a message: to whom, what for, and the code.
func (m *mailbox) deliver(msg cognitotest.Message) {
	what := "code"
	if msg.Purpose == "AdminCreateUser" {
		what = "temporary password"
	}
	m.write(fmt.Sprintf("%s to %s for %s (%s): %s %s\n", msg.Medium, msg.Destination, msg.Username, msg.Purpose, what, msg.Code))
}
