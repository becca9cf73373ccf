package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito/cognitotest"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	profile := func(email string) url.Values {
		return url.Values{"given_name": {"<Bob>"}, "family_name": {""}, "email": {email}}
	}
	b.post("/account/profile", profile(""))
	b.sees("/account", "Please enter an e-mail address.")
	b.post("/account/profile", profile("bob@example.com"))
	b.sees("/account", "Your profile is saved.")
	assert.NotContains(t, b.page, "A code was sent")
	b.sees("/account", "Hello, <Bob>")
	b.post("/account/profile", profile("robert@example.com"))
	b.sees("/account", "A code was sent to r***@e***.")
	b.sees("/account", "The address is not verified.")
	b.post("/account/email", url.Values{"code": {"000000"}})
	b.sees("/account", "The code is wrong.")
	b.post("/account/email/resend", nil)
	b.sees("/account", "A code was sent to r***@e***.")
	b.post("/account/email", url.Values{"code": {a.Code("bob")}})
	b.sees("/account", "Your address is verified.")
	assert.NotContains(t, b.page, "is not verified")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	b := newApp(t, cognitotest.User{}, nil).browser(t)
	b.signIn()
	b.post("/account/password", url.Values{"previous": {"wrong"}, "proposed": {"Another-1-Horse"}})
	b.sees("/account", "The present password is wrong.")
	b.post("/account/password", url.Values{"previous": {password}, "proposed": {"weak"}})
	b.sees("/account", "The password is too simple")
	b.post("/account/password", url.Values{"previous": {password}, "proposed": {"Another-1-Horse"}})
	b.sees("/account", "Your password is changed.")
	b.post("/sign-out", nil)
	b.post("/sign-in", url.Values{"username": {"bob"}, "password": {"Another-1-Horse"}})
	b.seesAccount()
}

func TestSecondFactors(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	b.open("/account/app")
	b.seesAccount() // nothing is being set up
	b.post("/account/app/begin", nil)
	secret := qrIn(t, b.page)
	b.open("/account/app")
	assert.Equal(t, secret, qrIn(t, b.page))
	b.post("/account/app", url.Values{"code": {"000000"}})
	b.sees("/account/app", "The code is wrong.")
	b.post("/account/app", url.Values{"code": {a.TOTP("bob")}})
	b.sees("/account", "Authenticator app: on")
	b.post("/account/mfa", url.Values{"factor": {"EMAIL_OTP"}, "on": {"on"}})
	b.sees("/account", "Code by e-mail: on")
	b.post("/account/mfa", url.Values{"factor": {"magic"}, "on": {"on"}})
	b.sees("/account", "Something is filled in wrongly.")

	b.post("/sign-out", nil)
	b.signIn()
	b.sees("/challenge", `value="SOFTWARE_TOKEN_MFA"`)
	b.post("/challenge", url.Values{"choice": {"EMAIL_OTP"}})
	b.code(a.Code("bob"))
	b.post("/account/mfa", url.Values{"factor": {"SOFTWARE_TOKEN_MFA"}})
	b.sees("/account", "Authenticator app: off")
	b.post("/account/mfa", url.Values{"factor": {"EMAIL_OTP"}})
	b.sees("/account", "Code by e-mail: off")
	b.post("/sign-out", nil)
	b.signIn()
	b.seesAccount()
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	b := newApp(t, cognitotest.User{}, nil).browser(t)
	b.signIn()
	b.post("/account/delete", nil)
	b.sees("/account", "Please confirm that you want to delete your account.")
	b.post("/account/delete", url.Values{"sure": {"on"}})
	b.sees("/", "Your account is deleted.")
	b.open("/account")
	b.sees("/", "Please sign in.")
	b.signIn()
	b.sees("/", "The name or the password is wrong.")
}

// The pool is away for a while: the page says so, and the session is still there afterwards.
func TestPoolIsAway(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	a.Fault(cognitotest.Fault{Op: "GetUser", Status: 503, Times: 50})
	assert.Equal(t, 503, b.open("/account"))
	b.sees("/account", unknownProblem)
	a.ClearFaults()
	b.open("/account")
	b.seesAccount()
}

// A session ends when its refresh token does.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	a.Advance(31 * 24 * time.Hour)
	b.open("/account")
	b.sees("/", "You are signed out. Please sign in again.")
	assert.Empty(t, b.cookie(sessionCookie))
}

// The pool cannot refresh the session for a while. A form is not lost in a page that a reload would send again.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	a.Advance(2 * time.Hour)
	a.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Status: 503, Times: 50})
	req := b.request("POST", "/account/mfa", url.Values{"factor": {"EMAIL_OTP"}, "on": {"on"}})
	req.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookie(sessionCookie)})
	answer := b.raw(req)
	assert.Equal(t, 303, answer.status)
	assert.Equal(t, "/account", answer.header.Get("Location"))
	a.ClearFaults()
}
