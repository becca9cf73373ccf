package main

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito/cognitotest"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	form := func(name, password string) url.Values {
		return url.Values{"username": {name}, "email": {name + "@example.org"}, "password": {password}}
	}
	b.post("/sign-up", form("bob", "Another-1-Horse"))
	b.sees("/sign-up", "There is such an account already.")
	b.post("/sign-up", form("zoe", "weak"))
	b.sees("/sign-up", "The password is too simple")
	assert.Contains(t, b.page, `value="zoe@example.org"`)
	b.post("/sign-up", form("zoe", "Another-1-Horse"))
	b.sees("/confirm", "A code was sent to z***@e***.")
	b.post("/confirm", url.Values{"username": {"zoe"}, "code": {"000000"}})
	b.sees("/confirm", "The code is wrong.")
	old := a.Code("zoe")
	b.post("/confirm/resend", url.Values{"username": {"zoe"}})
	b.sees("/confirm", "Another code was sent.")
	b.post("/confirm", url.Values{"username": {"zoe"}, "code": {old}})
	b.sees("/confirm", "code")
	b.post("/confirm", url.Values{"username": {"zoe"}, "code": {a.Code("zoe")}})
	b.sees("/account", "You are signed in as zoe.")
}

// Without the sign-up's own browser the code confirms, but signs nobody in.
func TestConfirmElsewhere(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b, other := a.browser(t), a.browser(t)
	b.post("/sign-up", url.Values{"username": {"zoe"}, "email": {"zoe@example.org"}, "password": {"Another-1-Horse"}})
	other.post("/sign-in", url.Values{"username": {"zoe"}, "password": {"Another-1-Horse"}})
	other.sees("/confirm", "Please confirm your address first.")
	other.post("/confirm/resend", url.Values{"username": {"zoe"}})
	other.post("/confirm", url.Values{"username": {"zoe"}, "code": {a.Code("zoe")}})
	other.sees("/", "Your account is confirmed. Please sign in.")
	b.post("/confirm", url.Values{"username": {"zoe"}, "code": {a.Code("zoe")}})
	b.sees("/", "Please sign in.")
	other.post("/sign-in", url.Values{"username": {"zoe"}, "password": {"Another-1-Horse"}})
	other.sees("/account", "You are signed in as zoe.")
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.post("/forgot", url.Values{"username": {"nobody"}})
	b.sees("/reset", "If there is such an account")
	b.post("/reset", url.Values{"username": {"nobody"}, "code": {"000000"}, "password": {"Another-1-Horse"}})
	b.sees("/reset", "The code is wrong.")
	b.post("/forgot", url.Values{"username": {"bob"}})
	b.sees("/reset", "If there is such an account")
	b.post("/reset", url.Values{"username": {"bob"}, "code": {"000000"}, "password": {"Another-1-Horse"}})
	b.sees("/reset", "The code is wrong.")
	b.post("/reset", url.Values{"username": {"bob"}, "code": {a.Code("bob")}, "password": {"weak"}})
	b.sees("/reset", "The password is too simple")
	b.post("/reset", url.Values{"username": {"bob"}, "code": {a.Code("bob")}, "password": {"Another-1-Horse"}})
	b.sees("/", "The password is changed.")
	b.signIn()
	b.sees("/", "The name or the password is wrong.")
	b.post("/sign-in", url.Values{"username": {"bob"}, "password": {"Another-1-Horse"}})
	b.seesAccount()
}

func TestPasswordMustBeReset(t *testing.T) {
	t.Parallel()
	b := newApp(t, cognitotest.User{Status: "RESET_REQUIRED"}, nil).browser(t)
	b.signIn()
	b.sees("/forgot", "Please choose a new password first.")
	assert.Contains(t, b.page, `value="bob"`)
}

// Who asks for a code learns nothing of the name: not that there is such a user, nor that no code can be sent.
func TestCodesTellNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	a.AddUser(cognitotest.User{Username: "frank", Password: password}) // no address
	a.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	a.AddUser(cognitotest.User{Username: "zoe", Password: password, Status: "UNCONFIRMED", Attributes: map[string]string{"email": "zoe@example.org"}})
	a.AddUser(cognitotest.User{Username: "gone", Password: password, Disabled: true, Attributes: map[string]string{"email": "gone@example.org", "email_verified": "true"}})
	b := a.browser(t)
	for _, name := range []string{"nobody", "bob", "frank", "carol", "zoe", "gone"} {
		b.post("/forgot", url.Values{"username": {name}})
		assert.Contains(t, b.page, "If there is such an account with a verified address, a code was sent there.", name)
		b.post("/confirm/resend", url.Values{"username": {name}})
		assert.Contains(t, b.page, "Another code was sent.", name)
	}
}
