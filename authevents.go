package cognito

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// AuthEvent is a sign-in, a sign-up or a password change that the pool's threat protection
// recorded.
type AuthEvent struct {
	// ID identifies the event. Pass it to [Cognito.AdminUpdateAuthEventFeedback].
	ID string
	// Type is SignIn, SignUp, ForgotPassword, PasswordChange or ResendCode.
	Type types.EventType
	// Response is Pass, Fail or InProgress.
	Response types.EventResponseType
	// Created is the time of the event.
	Created time.Time
	// RiskDecision is the result of threat protection: NoRisk, AccountTakeover or Block. RiskLevel
	// is Low, Medium or High, or "" if there was no risk. CompromisedCredentials reports whether
	// the password is known to have leaked.
	RiskDecision           types.RiskDecisionType
	RiskLevel              types.RiskLevelType
	CompromisedCredentials bool
	// Challenges are the challenges of the sign-in and whether the user passed them. It is nil if
	// the event has none.
	Challenges []types.ChallengeResponseType
	// IPAddress, City, Country, Timezone and DeviceName describe the user's location and device.
	// Each is "" if it is unknown. They come from the [UserContextData] or [ContextData] of the
	// call, so they are only as reliable as what the caller sent.
	IPAddress, City, Country, Timezone, DeviceName string
	// Feedback is the feedback about the event, or nil if there is none.
	Feedback *AuthEventFeedback
}

// AuthEventFeedback is feedback on whether an event came from the user.
type AuthEventFeedback struct {
	// Value is [FeedbackValid] or [FeedbackInvalid].
	Value types.FeedbackValueType
	// Provider names who gave the feedback, for example "Admin".
	Provider string
	// Date is the time of the feedback.
	Date time.Time
}

// These are the values of feedback: the event came from the user, or from somebody else.
const (
	FeedbackValid   = types.FeedbackValueTypeValid
	FeedbackInvalid = types.FeedbackValueTypeInvalid
)

func newAuthEvent(e types.AuthEventType) (*AuthEvent, error) {
	event := &AuthEvent{
		ID: aws.ToString(e.EventId), Type: e.EventType, Response: e.EventResponse, Created: aws.ToTime(e.CreationDate),
	}
	if len(e.ChallengeResponses) > 0 {
		event.Challenges = e.ChallengeResponses
	}
	if risk := e.EventRisk; risk != nil {
		event.RiskDecision, event.RiskLevel = risk.RiskDecision, risk.RiskLevel
		event.CompromisedCredentials = aws.ToBool(risk.CompromisedCredentialsDetected)
	}
	if c := e.EventContextData; c != nil {
		event.IPAddress, event.City = aws.ToString(c.IpAddress), aws.ToString(c.City)
		event.Country, event.Timezone = aws.ToString(c.Country), aws.ToString(c.Timezone)
		event.DeviceName = aws.ToString(c.DeviceName)
	}
	if f := e.EventFeedback; f != nil {
		event.Feedback = &AuthEventFeedback{
			Value: f.FeedbackValue, Provider: aws.ToString(f.Provider), Date: aws.ToTime(f.FeedbackDate),
		}
	}
	return event, nil
}

// AdminListUserAuthEvents ranges over the recorded events of the user username. It fetches pages as
// the range proceeds, like [Cognito.Users]. It takes the options [Limit] and [PageSize]. Common
// errors: [ErrUserNotFound], and [ErrFeatureUnavailable] if the pool has no threat protection,
// which needs the Plus feature plan.
//
// It calls AdminListUserAuthEvents for each page. Requires AWS credentials.
func (c *Cognito) AdminListUserAuthEvents(
	ctx context.Context, username string, opts ...CallOption,
) iter.Seq2[*AuthEvent, error] {
	return wrapErrors("AdminListUserAuthEvents", c.adminListUserAuthEvents(ctx, username, opts))
}

func (c *Cognito) adminListUserAuthEvents(
	ctx context.Context, username string, opts []CallOption,
) iter.Seq2[*AuthEvent, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*AuthEvent](err)
	}
	if username == "" {
		return failed[*AuthEvent](errNoUsername)
	}
	fetch := func(ctx context.Context, token *string, size *int32) (page[types.AuthEventType], error) {
		out, err := c.shared().sdk.AdminListUserAuthEvents(ctx, &cognitoidentityprovider.AdminListUserAuthEventsInput{
			UserPoolId: aws.String(c.shared().id), Username: aws.String(username), NextToken: token, MaxResults: size,
		})
		if err != nil {
			return page[types.AuthEventType]{}, err
		}
		return page[types.AuthEventType]{out.AuthEvents, out.NextToken}, nil
	}
	return mapped(pages(ctx, call.list, fetch), newAuthEvent)
}

// AdminUpdateAuthEventFeedback tells threat protection whether the event eventID came from the user
// username ([FeedbackValid]) or from somebody else ([FeedbackInvalid]). Common errors:
// [ErrUserNotFound], and [ErrFeatureUnavailable] if the pool has no threat protection.
//
// It calls AdminUpdateAuthEventFeedback. Requires AWS credentials.
func (c *Cognito) AdminUpdateAuthEventFeedback(
	ctx context.Context, username, eventID string, value types.FeedbackValueType,
) error {
	if err := checkFeedback(eventID, value); err != nil {
		return wrapError("AdminUpdateAuthEventFeedback", err)
	}
	return c.adminCall("AdminUpdateAuthEventFeedback", username, func(poolID, username *string) error {
		input := &cognitoidentityprovider.AdminUpdateAuthEventFeedbackInput{
			UserPoolId: poolID, Username: username, EventId: aws.String(eventID), FeedbackValue: value,
		}
		_, err := c.shared().sdk.AdminUpdateAuthEventFeedback(ctx, input)
		return err
	})
}

// UpdateAuthEventFeedback sends the feedback of a user who followed a link in a message of threat
// protection. Call it from the page behind that link: username, eventID and feedbackToken are part
// of the link. value is [FeedbackValid] or [FeedbackInvalid]. The user need not be signed in.
//
// It calls UpdateAuthEventFeedback.
func (c *Cognito) UpdateAuthEventFeedback(
	ctx context.Context, username, eventID, feedbackToken string, value types.FeedbackValueType,
) error {
	err := checkFeedback(eventID, value)
	if err == nil && feedbackToken == "" {
		err = fieldError("feedback token", "want the token from the link in the user's message, got none")
	}
	if err != nil {
		return wrapError("UpdateAuthEventFeedback", err)
	}
	return c.adminCall("UpdateAuthEventFeedback", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.UpdateAuthEventFeedback(ctx, &cognitoidentityprovider.UpdateAuthEventFeedbackInput{
			UserPoolId: poolID, Username: username, EventId: aws.String(eventID),
			FeedbackToken: aws.String(feedbackToken), FeedbackValue: value,
		})
		return err
	})
}

func checkFeedback(eventID string, value types.FeedbackValueType) error {
	switch {
	case eventID == "":
		return fieldError("event ID", "want the ID of an event, got none")
	case value != FeedbackValid && value != FeedbackInvalid:
		return fieldError("feedback", "want FeedbackValid or FeedbackInvalid, got "+quote(string(value)))
	default:
		return nil
	}
}
