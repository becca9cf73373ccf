package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// Two processes share one sign-in by the cookie alone; a wrong code can be corrected, and the cookie goes at the end.
func TestCodeInAnotherProcess(t *testing.T) {
	t.Parallel()
	for factor, address := range map[string]string{"SMS_MFA": "+*******4567", "EMAIL_OTP": "b***@e***"} {
		a := newApp(t, cognitotest.User{MFA: []string{factor}, Attributes: map[string]string{
			"email": "bob@example.com", "email_verified": "true", "phone_number": "+49301234567",
		}}, func(c *cognitotest.Config) { c.MFAFactors = nil })
		b := a.browser(t)
		b.signIn()
		b.sees("/challenge", "A code was sent to "+address)
		b.code("000000")
		b.sees("/challenge", "The code is wrong.")
		assert.NotEmpty(t, b.cookie(flowCookie))
		assert.Empty(t, b.cookie(sessionCookie), "nobody is signed in yet")
		assert.Empty(t, a.files(t), "nothing is kept of who is not signed in")
		b.code(a.Code("bob"))
		b.seesAccount()
		assert.Empty(t, b.cookie(flowCookie))
	}
}

func TestChoiceOfFactor(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{MFA: []string{"EMAIL_OTP", "SOFTWARE_TOKEN_MFA"}}, nil)
	b := a.browser(t)
	b.signIn()
	b.sees("/challenge", `value="EMAIL_OTP"`)
	b.post("/challenge", url.Values{"choice": {"SOFTWARE_TOKEN_MFA"}})
	b.sees("/challenge", "authenticator app")
	b.code(a.TOTP("bob"))
	b.seesAccount()
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"}, func(c *cognitotest.Config) { c.RequiredAttributes = []string{"given_name"} })
	b := a.browser(t)
	b.signIn()
	b.sees("/challenge", "Please choose a new password.")
	b.post("/challenge", url.Values{"password": {"weak"}, "attribute.given_name": {"Bob"}})
	b.sees("/challenge", "The password is too simple")
	b.post("/challenge", url.Values{"password": {"Permanent-1"}, "attribute.given_name": {"Bob"}})
	b.sees("/account", "Hello, Bob")
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, func(c *cognitotest.Config) { c.MFA, c.MFAFactors = "ON", []string{"SOFTWARE_TOKEN_MFA"} })
	b := a.browser(t)
	b.signIn()
	secret := qrIn(t, b.page)
	b.open("/challenge")
	assert.Equal(t, secret, qrIn(t, b.page), "a reload does not change the secret")
	b.code("000000")
	b.sees("/challenge", "The code is wrong.")
	assert.Equal(t, secret, qrIn(t, b.page))
	b.code(a.TOTP("bob"))
	b.seesAccount()
}

func TestSetUpChoice(t *testing.T) {
	t.Parallel()
	on := func(c *cognitotest.Config) { c.MFA = "ON" }
	a := newApp(t, cognitotest.User{Attributes: map[string]string{}}, on)
	b := a.browser(t)
	b.signIn()
	b.sees("/challenge", "Use codes by e-mail")
	b.post("/challenge", url.Values{"choice": {"SOFTWARE_TOKEN_MFA"}})
	qrIn(t, b.page)
	b.code(a.TOTP("bob"))
	b.seesAccount()

	a = newApp(t, cognitotest.User{Attributes: map[string]string{}}, on)
	b = a.browser(t)
	b.signIn()
	b.post("/challenge", url.Values{"email": {"bob@example.org"}})
	b.sees("/challenge", "A code was sent to b***@e***")
	b.code(a.Code("bob"))
	b.seesAccount()
}

// The cookie of a sign-in is not believed when it was changed, and the challenge lasts no longer than the pool says.
func TestChallengeIsNotBelieved(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}}, nil)
	b := a.browser(t)
	b.signIn()
	good, calls := b.cookie(flowCookie), len(a.Requests())
	changed := []byte(good)
	changed[len(changed)/2] ^= 1
	b.setCookie(flowCookie, string(changed))
	b.code(a.TOTP("bob"))
	b.sees("/", "The sign-in took too long. Please start again.")
	assert.Len(t, a.Requests(), calls, "the pool was not asked")

	b.setCookie(flowCookie, good)
	a.Advance(5 * time.Minute)
	b.code(a.TOTP("bob"))
	b.sees("/", "The sign-in took too long. Please start again.")
	b.open("/challenge")
	assert.Equal(t, "/", b.at.Path)
}

// A sign-in takes the session that has the new ID only: neither one that somebody has planted, nor the one before.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	victim, thief := a.browser(t), a.browser(t)
	for _, b := range []*browser{victim, thief} {
		b.setCookie(sessionCookie, "PLANTED")
	}
	thief.open("/account")
	thief.sees("/", "signed out")
	thief.setCookie(sessionCookie, "PLANTED")
	victim.signIn()
	victim.seesAccount()
	assert.NotEqual(t, "PLANTED", victim.cookie(sessionCookie))
	thief.open("/account")
	thief.sees("/", "signed out")

	first := victim.cookie(sessionCookie)
	victim.signIn()
	assert.NotEqual(t, first, victim.cookie(sessionCookie))
	thief.setCookie(sessionCookie, first)
	thief.open("/account")
	thief.sees("/", "signed out")
	victim.open("/account")
	victim.seesAccount()
	assert.Contains(t, a.calls(), "RevokeToken", "the first one is over at the pool, too")
}

// Cookies that the server has not given are worth nothing, and leave nothing behind.
func TestUnknownSessions(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	for _, id := range []string{"x", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		b.setCookie(sessionCookie, id)
		b.open("/account")
		b.sees("/", "You are signed out.")
		assert.Empty(t, b.cookie(sessionCookie))
	}
	assert.Empty(t, a.Requests())
	assert.Empty(t, a.files(t))
}

func TestTwoBrowsers(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	a.AddUser(cognitotest.User{Username: "dave", Password: password})
	bob, dave, phone := a.browser(t), a.browser(t), a.browser(t)
	bob.signIn()
	phone.signIn()
	dave.post("/sign-in", url.Values{"username": {"dave"}, "password": {password}})
	bob.open("/account")
	bob.seesAccount()
	dave.open("/account")
	dave.sees("/account", "You are signed in as dave.")

	// Here, and only here.
	old := bob.cookie(sessionCookie)
	bob.post("/sign-out", nil)
	bob.sees("/", "You are signed out.")
	assert.Empty(t, bob.cookie(sessionCookie))
	bob.setCookie(sessionCookie, old)
	bob.open("/account")
	bob.sees("/", "Please sign in again.")
	phone.open("/account")
	phone.seesAccount()

	// Everywhere, and only this user.
	bob.signIn()
	phone.post("/sign-out/everywhere", nil)
	phone.sees("/", "You are signed out everywhere.")
	bob.open("/account")
	bob.sees("/", "You are signed out. Please sign in again.")
	dave.open("/account")
	dave.sees("/account", "You are signed in as dave.")
}

// A sign-out that the pool does not hear of is one all the same here; but everywhere means everywhere.
func TestSignOutWithoutPool(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	a.Fault(cognitotest.Fault{Op: "GlobalSignOut", Status: http.StatusInternalServerError, Times: 10})
	b.post("/sign-out/everywhere", nil)
	b.sees("/account", unknownProblem)
	a.Fault(cognitotest.Fault{Op: "RevokeToken", Status: http.StatusInternalServerError, Times: 10})
	old := b.cookie(sessionCookie)
	b.post("/sign-out", nil)
	b.sees("/", "You are signed out.")
	b.setCookie(sessionCookie, old)
	b.open("/account")
	b.sees("/", "You are signed out.")
}

// Both processes refresh the tokens of one session at once, and refresh tokens rotate: the lock keeps the session alive.
func TestRefreshInTwoProcesses(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	id := b.cookie(sessionCookie)
	a.Advance(2 * time.Hour)
	statuses := make(chan int)
	for range 6 {
		req := b.request(http.MethodGet, "/account", nil)
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: id})
		go func() {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				statuses <- 0
				return
			}
			_ = resp.Body.Close()
			statuses <- resp.StatusCode
		}()
	}
	for range 6 {
		assert.Equal(t, http.StatusOK, <-statuses)
	}
	refreshes := 0
	for _, op := range a.calls() {
		if op == "GetTokensFromRefreshToken" {
			refreshes++
		}
	}
	assert.Equal(t, 1, refreshes)
}

var optionsIn = regexp.MustCompile(`data-options="(\{.*\})"`)

// What site.js does, an authenticator in the test does here.
func TestPasskey(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	b.open("/account/passkey")
	options := optionsIn.FindStringSubmatch(b.page)
	require.NotNil(t, options, b.page)
	key := cognitotest.NewPasskey()
	credential, err := key.Create(options[1])
	require.NoError(t, err)
	b.post("/account/passkey", url.Values{"credential": {"no JSON"}})
	b.sees("/account/passkey", "This needs JavaScript")
	b.post("/account/passkey", url.Values{"credential": {credential}})
	b.sees("/account", "too long") // that page began another registration
	b.open("/account/passkey")
	options = optionsIn.FindStringSubmatch(b.page)
	key = cognitotest.NewPasskey()
	credential, err = key.Create(options[1])
	require.NoError(t, err)
	b.post("/account/passkey", url.Values{"credential": {credential}})
	b.sees("/account", "Your passkey is registered.")
	b.post("/sign-out", nil)

	b.post("/sign-in/passkey", url.Values{"username": {""}})
	b.sees("/", "Please enter your name.")
	b.post("/sign-in/passkey", url.Values{"username": {"bob"}})
	b.sees("/challenge", "Use your passkey")
	options = optionsIn.FindStringSubmatch(b.page)
	require.NotNil(t, options, b.page)
	assertion, err := key.Get(options[1])
	require.NoError(t, err)
	b.post("/challenge", url.Values{"credential": {assertion}})
	b.seesAccount()

	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(b.page)
	require.NotNil(t, id, b.page)
	b.post("/account/passkey/delete", url.Values{"id": {id[1]}})
	b.sees("/account", "The passkey is deleted.")
	b.post("/sign-out", nil)

	// Without a passkey there is a choice of what else there is.
	b.post("/sign-in/passkey", url.Values{"username": {"bob"}})
	b.sees("/challenge", `value="EMAIL_OTP"`)
	assert.Equal(t, 1, strings.Count(b.page, `type="password"`), "a password is proven, not sent")
	b.post("/challenge", url.Values{"choice": {"EMAIL_OTP"}})
	b.code(a.Code("bob"))
	b.seesAccount()
	b.post("/sign-out", nil)
	b.post("/sign-in/passkey", url.Values{"username": {"bob"}})
	b.post("/challenge", url.Values{"choice": {"PASSWORD_SRP"}, "password": {password}})
	b.seesAccount()
}

// A device that the pool remembers stands in for the code, in the browser that it belongs to and for its user.
func TestDevice(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}}, func(c *cognitotest.Config) {
		c.Devices = &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}
	})
	b := a.browser(t)
	b.signIn()
	b.code(a.TOTP("bob"))
	b.seesAccount()
	assert.Contains(t, b.page, "(this browser)")
	b.post("/sign-out", nil)
	b.signIn()
	b.seesAccount()
	a.Advance(2 * time.Hour)
	b.open("/account")
	b.seesAccount() // refreshed with the device's key

	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(b.page)
	require.NotNil(t, key, b.page)
	b.post("/account/device/forget", url.Values{"key": {key[1]}})
	assert.Contains(t, b.page, "The device is forgotten.")
	assert.Empty(t, b.cookie(deviceCookie))
	b.post("/sign-out", nil)
	b.signIn()
	b.sees("/challenge", "authenticator app")
	b.code(a.TOTP("bob"))
	b.seesAccount()

	// Forgotten from another browser.
	key = regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(b.page)
	require.NotNil(t, key, b.page)
	other := a.browser(t)
	other.signIn()
	a.Advance(time.Minute)
	other.code(a.TOTP("bob"))
	other.seesAccount()
	other.post("/account/device/forget", url.Values{"key": {key[1]}})
	assert.Contains(t, other.page, "The device is forgotten.")
	b.post("/sign-out", nil)
	b.signIn()
	b.sees("/challenge", "authenticator app")
}

func TestSweep(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b, gone := a.browser(t), a.browser(t)
	b.signIn()
	gone.signIn()
	gone.post("/sign-out", nil)
	require.NoError(t, a.sessions.sweep(time.Now()))
	b.open("/account")
	b.seesAccount()
	require.NoError(t, a.sessions.sweep(time.Now().Add(2*time.Hour)))
	assert.Len(t, a.files(t), 2, "tokens and device of the one that lives")
	b.open("/account")
	b.seesAccount()
	require.NoError(t, a.sessions.sweep(time.Now().Add(sessionLife+time.Hour)))
	assert.Empty(t, a.files(t))
	require.Error(t, sessions{"/no/such/folder"}.sweep(time.Now()))
}
