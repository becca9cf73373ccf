package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gocognito/cognito"
)

// signIn begins a sign-in and answers challenges until there are none.
func signIn(ctx context.Context, session *cognito.Cognito, term terminal, flow string) error {
	err := begin(ctx, session, term, flow)
	for {
		var challenge *cognito.ChallengeError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &challenge):
			err = answer(ctx, session, term, challenge.Challenge)
		case canTryAgain(err):
			pending, ok := session.Challenge()
			if !ok {
				return err
			}
			term.Say("That was not right: " + err.Error())
			err = answer(ctx, session, term, pending)
		default:
			return err
		}
	}
}

// canTryAgain reports whether the user can give another answer after err.
func canTryAgain(err error) bool {
	for _, reason := range []error{cognito.ErrCodeMismatch, cognito.ErrCodeExpired, cognito.ErrInvalidPassword} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

func begin(ctx context.Context, session *cognito.Cognito, term terminal, flow string) error {
	if flow == "choice" {
		return session.AuthenticateChoice(ctx, cognito.FirstFactor{})
	}
	password, err := term.AskSecret(ctx, "Password of "+session.Username())
	if err != nil {
		return err
	}
	switch flow {
	case "srp":
		return session.Authenticate(ctx, password)
	case "password":
		return session.Authenticate(ctx, password, cognito.Flow(cognito.FlowUserPasswordAuth))
	case "custom": // an empty password leaves SRP out
		return session.AuthenticateCustom(ctx, password)
	default:
		return fmt.Errorf("-flow: want srp, password, custom or choice, got %q", flow)
	}
}

// answer asks the user for what ch asks.
func answer(ctx context.Context, session *cognito.Cognito, term terminal, ch cognito.Challenge) error {
	switch ch.Name {
	case cognito.ChallengeSMSMFA:
		return code(ctx, term, ch, session.RespondToSMSMFAChallenge)
	case cognito.ChallengeEmailOTP:
		return code(ctx, term, ch, session.RespondToEmailOTPChallenge)
	case cognito.ChallengeSMSOTP:
		return code(ctx, term, ch, session.RespondToSMSOTPChallenge)
	case cognito.ChallengeSoftwareTokenMFA:
		return code(ctx, term, ch, session.RespondToSoftwareTokenMFAChallenge)
	case cognito.ChallengeNewPasswordRequired:
		return newPassword(ctx, session, term, ch)
	case cognito.ChallengeSelectMFAType:
		choice, err := choose(ctx, term, "second factor", ch.Options())
		if err != nil {
			return err
		}
		return session.SelectMFAType(ctx, choice)
	case cognito.ChallengeSelectChallenge:
		return selectFirst(ctx, session, term, ch)
	case cognito.ChallengePassword, cognito.ChallengePasswordSRP:
		password, err := term.AskSecret(ctx, "Password of "+ch.Username)
		if err != nil {
			return err
		}
		return session.RespondToPasswordChallenge(ctx, password)
	case cognito.ChallengeMFASetup:
		return setUp(ctx, session, term, ch)
	case cognito.ChallengeCustomChallenge:
		return custom(ctx, session, term, ch)
	default:
		return fmt.Errorf("the pool asks for %s, which cannot be answered at a terminal", ch.Name)
	}
}

// ask asks until the user types something.
func ask(ctx context.Context, term terminal, prompt string) (string, error) {
	for {
		if text, err := term.Ask(ctx, prompt); text != "" || err != nil {
			return text, err
		}
	}
}

// code asks the user for a code and answers the challenge with it.
func code(
	ctx context.Context, term terminal, ch cognito.Challenge,
	respond func(context.Context, string, ...cognito.CallOption) error,
) error {
	prompt := "Code of your authenticator app"
	if ch.DeviceName() != "" {
		prompt += " (" + ch.DeviceName() + ")"
	}
	if sent := ch.Delivery(); sent != nil {
		prompt = fmt.Sprintf("Code sent by %s to %s", sent.Medium, sent.Destination)
	}
	text, err := ask(ctx, term, prompt)
	if err != nil {
		return err
	}
	return respond(ctx, text)
}

func newPassword(ctx context.Context, session *cognito.Cognito, term terminal, ch cognito.Challenge) error {
	term.Say("The password is temporary.")
	password, err := term.AskSecret(ctx, "New password")
	if err != nil {
		return err
	}
	again, err := term.AskSecret(ctx, "The same again")
	if err != nil {
		return err
	}
	if password != again {
		term.Say("The two differ.")
		return newPassword(ctx, session, term, ch)
	}
	attrs := cognito.Attributes{}
	for _, name := range ch.RequiredAttributes() {
		if attrs[name], err = ask(ctx, term, name); err != nil {
			return err
		}
	}
	return session.RespondToNewPasswordChallenge(ctx, password, attrs)
}

// choose lets the user pick one of options by its number.
func choose(
	ctx context.Context, term terminal, what string, options []cognito.ChallengeName,
) (cognito.ChallengeName, error) {
	for {
		for i, option := range options {
			term.Say(fmt.Sprintf("%d: %s", i+1, option))
		}
		text, err := ask(ctx, term, "Number of the "+what)
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(options) {
			return options[n-1], nil
		}
		term.Say("There is no such number.")
	}
}

func selectFirst(ctx context.Context, session *cognito.Cognito, term terminal, ch cognito.Challenge) error {
	choice, err := choose(ctx, term, "way to sign in", ch.Options())
	if err != nil {
		return err
	}
	if choice != cognito.ChallengePassword && choice != cognito.ChallengePasswordSRP {
		return session.SelectChallenge(ctx, choice)
	}
	password, err := term.AskSecret(ctx, "Password of "+ch.Username)
	if err != nil {
		return err
	}
	return session.SelectChallenge(ctx, choice, cognito.Password(password))
}

// setUp sets up an authenticator app, or an e-mail address if the pool offers nothing else.
func setUp(ctx context.Context, session *cognito.Cognito, term terminal, ch cognito.Challenge) error {
	options := ch.Options()
	choice := cognito.ChallengeSoftwareTokenMFA
	if len(options) > 1 {
		var err error
		if choice, err = choose(ctx, term, "second factor to set up", options); err != nil {
			return err
		}
	} else if len(options) == 1 {
		choice = options[0]
	}
	switch choice {
	case cognito.ChallengeSoftwareTokenMFA:
		return setUpApp(ctx, session, term, ch.Username)
	case cognito.ChallengeEmailOTP:
		address, err := ask(ctx, term, "E-mail address")
		if err != nil {
			return err
		}
		return session.SetupEmailMFA(ctx, address)
	default:
		return fmt.Errorf("%s cannot be set up while signing in", choice)
	}
}

func setUpApp(ctx context.Context, session *cognito.Cognito, term terminal, user string) error {
	token, err := session.AssociateSoftwareToken(ctx)
	if err != nil {
		return err
	}
	term.Say("Type this secret into your authenticator app: " + token.Secret)
	// The program cmd/cognito draws it as a QR code.
	term.Say("Or open this address on the phone: " + token.URI("Cognito", user))
	for {
		text, err := ask(ctx, term, "Code that it shows")
		if err != nil {
			return err
		}
		if err = session.VerifySoftwareToken(ctx, text, "terminal"); !errors.Is(err, cognito.ErrCodeMismatch) {
			return err
		}
		term.Say("That was not right.")
	}
}

// custom shows the parameters of the pool's Lambda function and sends the user's answer.
func custom(ctx context.Context, session *cognito.Cognito, term terminal, ch cognito.Challenge) error {
	for name, value := range ch.PublicParameters() {
		term.Say(name + ": " + value)
	}
	text, err := ask(ctx, term, "Answer")
	if err != nil {
		return err
	}
	return session.RespondToCustomChallenge(ctx, text)
}
