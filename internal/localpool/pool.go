package localpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/gocognito/cognito/cognitotest"
)

// The app client for machines, and the API whose scopes it has.
const (
	machineID     = "2localpoolmachine23456789"
	machineSecret = "a-secret-that-protects-nothing-but-local-tests"
	apiIdentifier = "https://api.example.com"
)

// config describes a pool whose app client allows everything that the pool can do.
func (f Settings) config(deliver func(cognitotest.Message)) cognitotest.Config {
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
		TriggerURLs:     f.triggers,
	}
}

// split splits a list at its commas.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// addTrigger handles the flag -trigger.
func (f *Settings) addTrigger(text string) error {
	name, address, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("want name=URL")
	}
	if f.triggers == nil {
		f.triggers = map[string]string{}
	}
	f.triggers[name] = address
	return nil
}

// firstUsers returns the users that the pool starts with.
func (f Settings) firstUsers() ([]cognitotest.User, error) {
	users, err := f.readUsers()
	if err != nil || f.user == "" {
		return users, err
	}
	name, password, ok := strings.Cut(f.user, ":")
	if !ok || name == "" || password == "" {
		return nil, errors.New("-user: want name:password")
	}
	return append(users, cognitotest.User{
		Username: name, Password: password,
		Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true"},
	}), nil
}

// readUsers reads the file of -users. Its members are the fields of [cognitotest.User], in any
// case.
func (f Settings) readUsers() ([]cognitotest.User, error) {
	if f.users == "" {
		return nil, nil
	}
	file, err := os.Open(f.users)
	if err != nil {
		return nil, fmt.Errorf("-users: %w", err)
	}
	defer func() { _ = file.Close() }()
	var users []cognitotest.User
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&users); err != nil {
		return nil, fmt.Errorf("-users: %s: %w", f.users, err)
	}
	return users, nil
}

// mailbox prints messages instead of sending them.
type mailbox struct {
	mu   sync.Mutex
	out  io.Writer
	json bool
}

// write prints text, or with -json the value. With -json it prints nothing if the value is nil.
func (m *mailbox) write(text string, value any) {
	if m.json {
		text = ""
		if value != nil {
			line, err := json.Marshal(value)
			if err != nil {
				panic(err) // the values are plain structs
			}
			text = string(line) + "\n"
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = io.WriteString(m.out, text)
}

// message is a delivered message, for programs.
type message struct {
	Medium      string `json:"medium"`
	Destination string `json:"destination"`
	Username    string `json:"username"`
	Purpose     string `json:"purpose"`
	Code        string `json:"code"`
}

// deliver prints a message: to whom, what for, and the code.
func (m *mailbox) deliver(msg cognitotest.Message) {
	what := "code"
	if msg.Purpose == "AdminCreateUser" {
		what = "temporary password"
	}
	line := fmt.Sprintf("%s to %s for %s (%s): %s %s\n",
		msg.Medium, msg.Destination, msg.Username, msg.Purpose, what, msg.Code)
	m.write(line, message{
		Medium: msg.Medium, Destination: msg.Destination, Username: msg.Username,
		Purpose: msg.Purpose, Code: msg.Code,
	})
}
