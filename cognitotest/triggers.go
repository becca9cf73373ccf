package cognitotest

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
)

// Triggers are what the pool calls in place of Lambda functions; a nil one is not configured. An error of a trigger
// ends the call with UserLambdaValidationException and its text. A trigger runs while the server is locked: it must
// not call the server. [Config.TriggerURLs] has those that are not written in Go.
//
// DescribeUserPool names each of them by an ARN. A pool that CreateUserPool makes calls those whose ARNs are in its
// LambdaConfig, and UpdateUserPool turns off those that are not in it.
type Triggers struct {
	// PreSignUp runs before a user is added by SignUp or AdminCreateUser.
	PreSignUp func(*PreSignUpEvent) error
	// PostConfirmation runs after ConfirmSignUp, AdminConfirmSignUp and ConfirmForgotPassword, and after a sign-up that
	// PreSignUp confirmed.
	PostConfirmation func(*TriggerEvent) error
	// PreAuthentication runs before the first factor is checked.
	PreAuthentication func(*TriggerEvent) error
	// PostAuthentication runs when all factors are proven, before the tokens are made.
	PostAuthentication func(*TriggerEvent) error
	// DefineAuthChallenge decides after each round of CUSTOM_AUTH what comes next.
	DefineAuthChallenge func(*DefineAuthChallengeEvent) error
	// CreateAuthChallenge makes a custom challenge.
	CreateAuthChallenge func(*CreateAuthChallengeEvent) error
	// VerifyAuthChallenge checks the answer to a custom challenge.
	VerifyAuthChallenge func(*VerifyAuthChallengeEvent) error
	// PreTokenGeneration changes the claims of new tokens.
	PreTokenGeneration func(*PreTokenGenerationEvent) error
	// UserMigration looks for a user whom the pool does not have, in the flows that send the password in clear.
	UserMigration func(*UserMigrationEvent) error
	// CustomMessage writes a message before it is delivered: a code, or the invitation of AdminCreateUser.
	CustomMessage func(*CustomMessageEvent) error
}

// TriggerEvent is what every trigger is told. Printed or logged, it and the events that embed it show no more than
// source and user.
type TriggerEvent struct {
	// Source is the event's triggerSource, such as "PreSignUp_SignUp".
	Source string
	// UserPoolID and ClientID are where the request went to. For a request of an administrator's that names no app client,
	// ClientID is "CLIENT_ID_NOT_APPLICABLE".
	UserPoolID, ClientID string
	// Username is the internal one, or for a user who does not exist what the client called it.
	Username string
	// Attributes are a copy of the user's attributes; nil for a user who does not exist.
	Attributes map[string]string
	// ClientMetadata is that of the request.
	ClientMetadata map[string]string
	// UserNotFound says that there is no such user and that the client must not notice.
	UserNotFound bool
}

// PreSignUpEvent is what PreSignUp is told, and what it may set.
type PreSignUpEvent struct {
	TriggerEvent

	// ValidationData is that of the request.
	ValidationData map[string]string

	// As with the service, the members below do nothing in AdminCreateUser.

	// AutoConfirmUser confirms the user without a code.
	AutoConfirmUser bool
	// AutoVerifyEmail and AutoVerifyPhone mark an address as verified.
	AutoVerifyEmail, AutoVerifyPhone bool
}

// ChallengeResult is a round of a custom sign-in. Printed or logged it shows no metadata, in which triggers are wont to
// keep the code that they sent.
type ChallengeResult struct {
	// Name is "SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE" or an MFA challenge.
	Name string
	// Passed says whether the answer was right.
	Passed bool
	// Metadata is what CreateAuthChallenge noted of a custom challenge.
	Metadata string
}

// Format prints the round's name and outcome, whatever the verb.
func (r ChallengeResult) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "ChallengeResult{%s %t}", r.Name, r.Passed)
}

// LogValue logs the round's name and outcome.
func (r ChallengeResult) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// DefineAuthChallengeEvent is what DefineAuthChallenge is told, and what it may set: one of the three.
type DefineAuthChallengeEvent struct {
	TriggerEvent

	// Session is the rounds so far.
	Session []ChallengeResult

	// ChallengeName asks for another round: "CUSTOM_CHALLENGE", after "SRP_A" "PASSWORD_VERIFIER", or an MFA challenge.
	ChallengeName string
	// IssueTokens ends the sign-in well.
	IssueTokens bool
	// FailAuthentication ends it with "Incorrect username or password."
	FailAuthentication bool
}

// CreateAuthChallengeEvent is what CreateAuthChallenge is told, and what it may set.
type CreateAuthChallengeEvent struct {
	TriggerEvent

	// ChallengeName is what DefineAuthChallenge asked for.
	ChallengeName string
	// Session is the rounds so far.
	Session []ChallengeResult

	// PublicParameters go to the client.
	PublicParameters map[string]string
	// PrivateParameters go to VerifyAuthChallenge.
	PrivateParameters map[string]string
	// Metadata goes into the round's [ChallengeResult].
	Metadata string
}

// VerifyAuthChallengeEvent is what VerifyAuthChallenge is told, and what it may set.
type VerifyAuthChallengeEvent struct {
	TriggerEvent

	// PrivateParameters are those of CreateAuthChallenge.
	PrivateParameters map[string]string
	// Answer is the client's ANSWER.
	Answer string

	// Correct says that the answer is right.
	Correct bool
}

// PreTokenGenerationEvent is what PreTokenGeneration is told, and what it may set.
type PreTokenGenerationEvent struct {
	TriggerEvent

	// Groups are the user's groups; what they are afterwards goes into the tokens.
	Groups []string

	// ID and Access change the claims of the two tokens.
	ID, Access ClaimChanges

	scope string // of the access token
}

// ClaimChanges change the claims of a token. Those that make it the pool's token stay as they are: iss, sub, aud,
// exp and the like.
type ClaimChanges struct {
	// Set are claims to add, or to replace.
	Set map[string]any
	// Remove are names of claims to leave out.
	Remove []string
}

// UserMigrationEvent is what UserMigration is told, and what it may set.
type UserMigrationEvent struct {
	TriggerEvent

	// Password is what the client sent.
	Password string

	// Found adds the user to the pool, with the password.
	Found bool
	// NewAttributes are the new user's attributes.
	NewAttributes map[string]string
	// Status is the new user's: "CONFIRMED", or if empty RESET_REQUIRED, which makes the user choose a new password.
	Status string
}

// CustomMessageEvent is what CustomMessage is told, and what it may set.
type CustomMessageEvent struct {
	TriggerEvent

	// CodeParameter stands for the code in a message, or for the temporary password.
	CodeParameter string
	// UsernameParameter stands for the username in an invitation; "" in other messages.
	UsernameParameter string

	// SMSMessage is the text of a message by SMS; EmailMessage and EmailSubject are those of an e-mail. [Message] has what
	// becomes of them.
	SMSMessage, EmailMessage, EmailSubject string
}

// Format prints the event's source and user, whatever the verb.
func (e TriggerEvent) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "TriggerEvent{"+e.Source+" "+e.Username+"}")
}

// LogValue logs the event's source and user.
func (e TriggerEvent) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

// noClientID is what the service tells triggers for requests that name no app client.
const noClientID = "CLIENT_ID_NOT_APPLICABLE"

// event makes an event about u, who is nil if there is no such user. c is nil where the request names no client.
func (p *pool) event(source string, c *Client, u *user, name string, metadata map[string]string) TriggerEvent {
	e := TriggerEvent{
		Source: source, UserPoolID: p.cfg.UserPoolID, ClientID: noClientID, Username: name,
		ClientMetadata: maps.Clone(metadata), UserNotFound: u == nil,
	}
	if c != nil {
		e.ClientID = c.ID
	}
	if u != nil {
		e.Username, e.Attributes = u.username, maps.Clone(u.attributes)
		e.Attributes[attrSub] = u.sub
		e.Attributes["cognito:user_status"] = u.status
	}
	return e
}
