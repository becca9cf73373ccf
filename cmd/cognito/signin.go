package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gocognito/cognito"
)

// dialog signs a user in by asking for what the pool asks for.
type dialog struct {
	*console
	session  *cognito.Cognito
	password string // given beforehand; asked for if empty
}

// flow begins a sign-in.
type flow func(ctx context.Context, d *dialog) error

var flows = map[string]flow{
	"srp": withPassword(func(ctx context.Context, d *dialog, password string) error {
		return d.session.Authenticate(ctx, password)
	}),
	"password": withPassword(func(ctx context.Context, d *dialog, password string) error {
		return d.session.Authenticate(ctx, password, cognito.Flow(cognito.FlowUserPasswordAuth))
	}),
	"custom": withPassword(func(ctx context.Context, d *dialog, password string) error {
		return d.session.AuthenticateCustom(ctx, password) // an empty password leaves SRP out
	}),
	"choice": func(ctx context.Context, d *dialog) error {
		return d.session.AuthenticateChoice(ctx, cognito.FirstFactor{})
	},
}

func withPassword(begin func(ctx context.Context, d *dialog, password string) error) flow {
	return func(ctx context.Context, d *dialog) error {
		password, err := d.askPassword(ctx, d.session.Username())
		if err != nil {
			return err
		}
		return begin(ctx, d, password)
	}
}

// signIn begins a sign-in and answers challenges until there are none.
func (d *dialog) signIn(ctx context.Context, begin flow) error {
	err := begin(ctx, d)
	for {
		var challenge *cognito.ChallengeError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &challenge):
			err = d.answer(ctx, challenge.Challenge)
		case canTryAgain(err):
			pending, ok := d.session.Challenge()
			if !ok {
				return err
			}
			d.Say("That was not right: " + printable(err.Error()))
			again := d.answer(ctx, pending)
			if errors.Is(again, errNoInput) {
				return err // the wrong answer was the last
			}
			err = again
		default:
			return err
		}
	}
}

// canTryAgain reports whether another answer may be right.
func canTryAgain(err error) bool {
	for _, reason := range []error{cognito.ErrCodeMismatch, cognito.ErrCodeExpired, cognito.ErrInvalidPassword} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// answer asks the user for what ch asks, and answers it.
func (d *dialog) answer(ctx context.Context, ch cognito.Challenge) error {
	switch ch.Name {
	case cognito.ChallengeSMSMFA:
		return d.code(ctx, ch, d.session.RespondToSMSMFAChallenge)
	case cognito.ChallengeEmailOTP:
		return d.code(ctx, ch, d.session.RespondToEmailOTPChallenge)
	case cognito.ChallengeSMSOTP:
		return d.code(ctx, ch, d.session.RespondToSMSOTPChallenge)
	case cognito.ChallengeSoftwareTokenMFA:
		return d.code(ctx, ch, d.session.RespondToSoftwareTokenMFAChallenge)
	case cognito.ChallengeNewPasswordRequired:
		return d.newPassword(ctx, ch)
	case cognito.ChallengeSelectMFAType:
		choice, err := d.choose(ctx, "second factor", ch.Options())
		if err != nil {
			return err
		}
		return d.session.SelectMFAType(ctx, choice)
	case cognito.ChallengeSelectChallenge:
		return d.firstFactor(ctx, ch)
	case cognito.ChallengePassword, cognito.ChallengePasswordSRP:
		password, err := d.askPassword(ctx, ch.Username)
		if err != nil {
			return err
		}
		return d.session.RespondToPasswordChallenge(ctx, password)
	case cognito.ChallengeMFASetup:
		return d.setUp(ctx, ch)
	case cognito.ChallengeCustomChallenge:
		return d.custom(ctx, ch)
	case cognito.ChallengeWebAuthn:
		return errors.New("the pool asks for a passkey, which needs a browser")
	default:
		return fmt.Errorf("the pool asks for %s, which this program cannot answer", ch.Name)
	}
}

// askPassword returns the password that was given beforehand, or asks for it.
func (d *dialog) askPassword(ctx context.Context, user string) (string, error) {
	if d.password != "" {
		return d.password, nil
	}
	password, err := d.AskSecret(ctx, "Password of "+printable(user))
	if errors.Is(err, errNoInput) {
		err = fmt.Errorf("%w; set COGNITO_PASSWORD or use -password-stdin", err)
	}
	d.password = password // the pool may ask for it once more, after a choice
	return password, err
}

// ask asks until the user types something.
func (d *dialog) ask(ctx context.Context, prompt string) (string, error) {
	for {
		if text, err := d.Ask(ctx, prompt); text != "" || err != nil {
			return text, err
		}
	}
}

// code asks for a code and answers with it.
func (d *dialog) code(
	ctx context.Context, ch cognito.Challenge,
	respond func(context.Context, string, ...cognito.CallOption) error,
) error {
	prompt := "Code of your authenticator app"
	if ch.DeviceName() != "" {
		prompt += " (" + printable(ch.DeviceName()) + ")"
	}
	if sent := ch.Delivery(); sent != nil {
		prompt = printable(fmt.Sprintf("Code sent by %s to %s", sent.Medium, sent.Destination))
	}
	text, err := d.ask(ctx, prompt)
	if err != nil {
		return err
	}
	return respond(ctx, text)
}

func (d *dialog) newPassword(ctx context.Context, ch cognito.Challenge) error {
	d.Say("The password is temporary.")
	var password string
	for again := ""; ; {
		var err error
		if password, err = d.AskSecret(ctx, "New password"); err != nil {
			return err
		}
		if again, err = d.AskSecret(ctx, "The same again"); err != nil {
			return err
		}
		if password == again {
			break
		}
		d.Say("The two differ.")
	}
	attrs := cognito.Attributes{}
	for _, name := range ch.RequiredAttributes() {
		value, err := d.ask(ctx, printable(name))
		if err != nil {
			return err
		}
		attrs[name] = value
	}
	d.password = password
	return d.session.RespondToNewPasswordChallenge(ctx, password, attrs)
}

// choose lets the user pick one of options by its number. A passkey is left out.
func (d *dialog) choose(
	ctx context.Context, what string, options []cognito.ChallengeName,
) (cognito.ChallengeName, error) {
	isPasskey := func(name cognito.ChallengeName) bool { return name == cognito.ChallengeWebAuthn }
	usable := slices.DeleteFunc(slices.Clone(options), isPasskey)
	if len(usable) < len(options) {
		d.Say("A passkey needs a browser and is left out.")
	}
	if len(usable) == 0 {
		return "", fmt.Errorf("the pool offers no %s that can be used at a terminal", what)
	}
	for {
		for i, option := range usable {
			d.Say(printable(fmt.Sprintf("%d: %s", i+1, option)))
		}
		text, err := d.ask(ctx, "Number of the "+what)
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(usable) {
			return usable[n-1], nil
		}
		d.Say("There is no such number.")
	}
}

func (d *dialog) firstFactor(ctx context.Context, ch cognito.Challenge) error {
	choice, err := d.choose(ctx, "way to sign in", ch.Options())
	if err != nil {
		return err
	}
	if choice != cognito.ChallengePassword && choice != cognito.ChallengePasswordSRP {
		return d.session.SelectChallenge(ctx, choice)
	}
	password, err := d.askPassword(ctx, ch.Username)
	if err != nil {
		return err
	}
	return d.session.SelectChallenge(ctx, choice, cognito.Password(password))
}

// setUp sets up an authenticator app, or where the pool has only that, an e-mail address.
func (d *dialog) setUp(ctx context.Context, ch cognito.Challenge) error {
	options := ch.Options()
	choice := cognito.ChallengeSoftwareTokenMFA
	if len(options) > 1 {
		var err error
		if choice, err = d.choose(ctx, "second factor to set up", options); err != nil {
			return err
		}
	} else if len(options) == 1 {
		choice = options[0]
	}
	switch choice {
	case cognito.ChallengeSoftwareTokenMFA:
		return d.setUpApp(ctx, ch.Username)
	case cognito.ChallengeEmailOTP:
		address, err := d.ask(ctx, "E-mail address")
		if err != nil {
			return err
		}
		return d.session.SetupEmailMFA(ctx, address)
	default:
		return fmt.Errorf("%s cannot be set up while signing in", choice)
	}
}

func (d *dialog) setUpApp(ctx context.Context, user string) error {
	token, err := d.session.AssociateSoftwareToken(ctx)
	if err != nil {
		return err
	}
	picture, err := drawQR(token.URI("Cognito", user))
	if err != nil {
		return err
	}
	d.Say("Scan this with your authenticator app, or type in " + printable(token.Secret) + ".\n" + picture)
	for {
		text, err := d.ask(ctx, "Code that it shows")
		if err != nil {
			return err
		}
		if err = d.session.VerifySoftwareToken(ctx, text, "terminal"); !errors.Is(err, cognito.ErrCodeMismatch) {
			return err
		}
		d.Say("That was not right.")
	}
}

// custom shows what the pool's Lambda function gave, and passes the answer on.
func (d *dialog) custom(ctx context.Context, ch cognito.Challenge) error {
	parameters := ch.PublicParameters()
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		d.Say(printable(name + ": " + parameters[name]))
	}
	text, err := d.ask(ctx, "Answer")
	if err != nil {
		return err
	}
	return d.session.RespondToCustomChallenge(ctx, text)
}
