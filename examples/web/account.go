package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gocognito/cognito"
)

// failUser ends a request of a signed-in user with err. A user who is not signed in any more,
// perhaps after a sign-out in another browser, is redirected to the sign-in. If path is empty, the
// response to a GET shows the problem itself.
func (s *site) failUser(w http.ResponseWriter, r *http.Request, u user, path string, err error) {
	switch {
	case over(err):
		s.endSession(r.Context(), u.id)
		s.leave(w)
		s.say(w, r, "/", "You are signed out. Please sign in again.")
	case path == "" && r.Method != http.MethodGet:
		s.fail(w, r, "/account", err)
	case path == "":
		slog.ErrorContext(r.Context(), "web: "+r.URL.Path, slog.Any("error", err))
		s.show(w, r, http.StatusServiceUnavailable, "problem", explain(err))
	default:
		s.fail(w, r, path, err)
	}
}

// settle ends a POST of a signed-in user: on the account page, with text or a problem.
func (s *site) settle(w http.ResponseWriter, r *http.Request, u user, text string, err error) {
	if err != nil {
		s.failUser(w, r, u, "/account", err)
		return
	}
	s.say(w, r, "/account", text)
}

// account is what the account page shows.
type account struct {
	User       *cognito.User
	MFA        map[string]bool // second factors that are on
	Devices    []*cognito.TrackedDevice
	ThisDevice string // the key of the device that this browser is
	Passkeys   []*cognito.WebAuthnCredential
	NoPasskeys bool // the pool has none
}

// showAccount asks the pool who the user is. The token would not show that the session was ended
// elsewhere.
func (s *site) showAccount(w http.ResponseWriter, r *http.Request, u user) {
	ctx := r.Context()
	var err error
	a := account{MFA: map[string]bool{}}
	if a.User, err = u.GetUser(ctx); err != nil {
		s.failUser(w, r, u, "", err)
		return
	}
	for _, factor := range a.User.MFAMethods {
		a.MFA[factor] = true
	}
	if a.Devices, err = u.ListDevices(ctx); err != nil {
		slog.WarnContext(ctx, "web: devices", slog.Any("error", err)) // the page is of use without them
	}
	if device, err := u.store.LoadDevice(ctx); err == nil {
		a.ThisDevice = device.Key
	}
	if a.Passkeys, err = u.ListWebAuthnCredentials(ctx); err != nil {
		a.NoPasskeys = true
		if !errors.Is(err, cognito.ErrWebAuthnNotEnabled) {
			slog.WarnContext(ctx, "web: passkeys", slog.Any("error", err))
		}
	}
	s.show(w, r, http.StatusOK, "account", a)
}

// changeProfile saves the attributes that differ from before, and deletes those that are empty now.
func (s *site) changeProfile(w http.ResponseWriter, r *http.Request, u user) {
	profile, err := u.GetUser(r.Context())
	if err != nil {
		s.settle(w, r, u, "", err)
		return
	}
	for _, name := range []string{"given_name", "family_name", "email"} {
		profile.Attributes[name] = field(r, name)
	}
	if profile.Attributes["email"] == "" {
		s.settle(w, r, u, "", problem("Please enter an e-mail address."))
		return
	}
	deliveries, err := profile.Save(r.Context())
	text := "Your profile is saved."
	if len(deliveries) > 0 {
		text += " A code was sent to " + deliveries[0].Destination + "."
	}
	s.settle(w, r, u, text, err)
}

func (s *site) verifyEmail(w http.ResponseWriter, r *http.Request, u user) {
	if !filled(r) {
		s.settle(w, r, u, "", blank)
		return
	}
	s.settle(w, r, u, "Your address is verified.", u.ValidateVerification(r.Context(), "email", r.PostFormValue("code")))
}

func (s *site) resendEmail(w http.ResponseWriter, r *http.Request, u user) {
	sent, err := u.SendVerification(r.Context(), "email")
	if err != nil {
		s.settle(w, r, u, "", err)
		return
	}
	s.settle(w, r, u, "A code was sent to "+sent.Destination+".", nil)
}

func (s *site) changePassword(w http.ResponseWriter, r *http.Request, u user) {
	if !filled(r) {
		s.settle(w, r, u, "", blank)
		return
	}
	err := u.ChangePassword(r.Context(), r.PostFormValue("previous"), r.PostFormValue("proposed"))
	if errors.Is(err, cognito.ErrInvalidCredentials) {
		err = problem("The present password is wrong.")
	}
	s.settle(w, r, u, "Your password is changed. Sign out everywhere if somebody else may know the old one.", err)
}

// beginApp asks the pool for the secret of an authenticator app.
func (s *site) beginApp(w http.ResponseWriter, r *http.Request, u user) {
	token, err := u.AssociateSoftwareToken(r.Context())
	if err != nil {
		s.settle(w, r, u, "", err)
		return
	}
	s.keep(w, r, flow{Secret: token.Secret})
	http.Redirect(w, r, "/account/app", http.StatusSeeOther)
}

// showApp shows the secret that is being set up, unless that belongs to a sign-in.
func (s *site) showApp(w http.ResponseWriter, r *http.Request, u user) {
	f := s.flow(r)
	if f.Secret == "" || f.Challenge != nil {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return
	}
	app, err := newAppSetUp(f.Secret, u.AccessClaims().Username)
	if err != nil {
		s.failUser(w, r, u, "", err)
		return
	}
	s.show(w, r, http.StatusOK, "app", app)
}

// verifyApp takes the first code of the app and turns it on.
func (s *site) verifyApp(w http.ResponseWriter, r *http.Request, u user) {
	if !filled(r) {
		s.fail(w, r, "/account/app", blank)
		return
	}
	if err := u.VerifySoftwareToken(r.Context(), r.PostFormValue("code"), ""); err != nil {
		s.failUser(w, r, u, "/account/app", err)
		return
	}
	s.sealer.drop(w, flowCookie)
	s.settle(w, r, u, "You will be asked for a code of your app when you sign in.",
		u.SetUserMFAPreference(r.Context(), cognito.MFAPreference{SoftwareToken: cognito.MFAEnabled}))
}

// changeMFA turns a second factor on or off. With two that are on, the pool lets the user choose.
func (s *site) changeMFA(w http.ResponseWriter, r *http.Request, u user) {
	setting, text := cognito.MFADisabled, "It is off."
	if r.PostFormValue("on") != "" {
		setting, text = cognito.MFAEnabled, "It is on."
	}
	var preference cognito.MFAPreference
	switch cognito.ChallengeName(r.PostFormValue("factor")) {
	case cognito.ChallengeSoftwareTokenMFA:
		preference.SoftwareToken = setting
	case cognito.ChallengeEmailOTP:
		preference.Email = setting
	case cognito.ChallengeSMSMFA:
		preference.SMS = setting
	default: // the preference that changes nothing is rejected
	}
	s.settle(w, r, u, text, u.SetUserMFAPreference(r.Context(), preference))
}

// showPasskey lets the browser make a passkey. Each reload begins another registration, which
// changes nothing until it is completed.
func (s *site) showPasskey(w http.ResponseWriter, r *http.Request, u user) {
	options, err := u.StartWebAuthnRegistration(r.Context())
	if err != nil {
		s.failUser(w, r, u, "/account", err)
		return
	}
	s.show(w, r, http.StatusOK, "passkey", string(options))
}

func (s *site) addPasskey(w http.ResponseWriter, r *http.Request, u user) {
	credential := []byte(r.PostFormValue("credential"))
	if !json.Valid(credential) {
		s.fail(w, r, "/account/passkey", problem("This needs JavaScript and a browser that knows passkeys."))
		return
	}
	s.settle(w, r, u, "Your passkey is registered.", u.CompleteWebAuthnRegistration(r.Context(), credential))
}

func (s *site) deletePasskey(w http.ResponseWriter, r *http.Request, u user) {
	s.settle(w, r, u, "The passkey is deleted.", u.DeleteWebAuthnCredential(r.Context(), r.PostFormValue("id")))
}

// forgetDevice makes the pool forget a device. If the device is this browser, its cookie is
// removed, too.
func (s *site) forgetDevice(w http.ResponseWriter, r *http.Request, u user) {
	key := r.PostFormValue("key")
	device, _ := u.store.LoadDevice(r.Context())
	err := u.ForgetDevice(r.Context(), key)
	if err == nil && device.Key == key {
		s.sealer.drop(w, deviceCookie)
	}
	s.settle(w, r, u, "The device is forgotten.", err)
}

// signOut signs the user out of this browser: the pool revokes the tokens of this session, and of
// no other. It works while the pool cannot be reached, too: then nobody knows how the user came in,
// and the session of the pool's own pages is ended in any case.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	id := s.sessionID(r)
	if id == "" {
		s.say(w, r, "/", "Please sign in.")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), endingTime)
	defer cancel()
	u := s.user(id)
	_, err := u.Token(ctx) // for its claims
	s.endSession(ctx, id)
	s.bye(w, r, s.cameByPages(u) || err != nil && s.login != nil, "You are signed out.")
}

// signOutEverywhere signs the user out of all browsers and programs.
func (s *site) signOutEverywhere(w http.ResponseWriter, r *http.Request, u user) {
	byPages := s.cameByPages(u)
	if err := u.Logout(r.Context()); err != nil && !over(err) {
		s.fail(w, r, "/account", err) // nothing has changed, and the user must know that
		return
	}
	s.endSession(r.Context(), u.id)
	s.bye(w, r, byPages, "You are signed out everywhere.")
}

func (s *site) deleteAccount(w http.ResponseWriter, r *http.Request, u user) {
	if r.PostFormValue("sure") == "" {
		s.settle(w, r, u, "", problem("Please confirm that you want to delete your account."))
		return
	}
	byPages := s.cameByPages(u)
	if err := u.DeleteUser(r.Context()); err != nil {
		s.settle(w, r, u, "", err)
		return
	}
	s.endSession(r.Context(), u.id)
	s.sealer.drop(w, deviceCookie)
	s.bye(w, r, byPages, "Your account is deleted.")
}

// bye ends the session in the browser. The pool's own pages must end theirs, too, or the next
// sign-in there asks for nothing; they send the browser back.
func (s *site) bye(w http.ResponseWriter, r *http.Request, byPages bool, text string) {
	s.leave(w)
	path := "/"
	if byPages {
		path = s.login.LogoutURL(s.home)
	}
	s.say(w, r, path, text)
}
